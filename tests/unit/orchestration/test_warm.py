"""The parts of warm runs that need no Ansible: the mark, the signature of files, settings that are compared."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenrec_api.orchestration import leftovers
from tenrec_api.orchestration.warm import keeper
from tenrec_api.orchestration.warm.mark import ROOM, reserve

# A process that takes the mark of the folder it is given, forks once, and waits; its fork has the mark too.
PROGRAM = """
import os, sys, time
from tenrec_api.orchestration.warm.mark import Mark
Mark.find().write(sys.argv[1])
os.fork()
os.write(1, b"ready\\n")
time.sleep(60)
"""


def test_processes_are_found_by_a_mark_that_they_wrote_over_another(tmp_path):
    home, run, other = tmp_path / "home", tmp_path / "run-1", tmp_path / "run-2"
    environment = {**os.environ, "AWX_ISOLATED_DATA_DIR": reserve(home)}
    command = [sys.executable, "-c", PROGRAM, str(run / "artifacts")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert [process.stdout.readline(), process.stdout.readline()] == ["ready\n", "ready\n"]
        assert leftovers.end_processes(home) == leftovers.end_processes(other) == 0
        assert leftovers.end_processes(run) == 2


def test_a_process_without_room_for_a_mark_says_so(tmp_path):
    environment = {**os.environ, "AWX_ISOLATED_DATA_DIR": reserve(tmp_path)}
    command = [sys.executable, "-c", PROGRAM, "x" * (ROOM + 1)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert f"longer than {ROOM} bytes" in run.stderr


def change(path: Path, how: str) -> None:
    match how:
        case "content":
            path.write_text("another")
        case "time":
            os.utime(path, (1, 1))
        case "replaced":
            (path.parent / "new").write_text(path.read_text())
            os.replace(path.parent / "new", path)
        case "removed":
            path.unlink()
        case "added":
            (path.parent / "more").write_text("")


@pytest.mark.parametrize("how", ["content", "time", "replaced", "removed", "added"])
def test_a_change_of_a_watched_folder_is_seen(tmp_path, how):
    (tmp_path / "plugins").mkdir()
    file = tmp_path / "plugins" / "module.py"
    file.write_text("text")
    before = keeper._signature([tmp_path])
    assert keeper._signature([tmp_path]) == before
    change(file, how)
    assert keeper._signature([tmp_path]) != before


def test_what_python_compiled_is_no_change(tmp_path):
    before = keeper._signature([tmp_path, tmp_path / "missing"])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "module.pyc").write_text("")
    assert keeper._signature([tmp_path, tmp_path / "missing"]) == before


def test_settings_are_compared_without_the_names_of_the_runs_folders():
    def environment(run, **more):
        folders = {"AWX_ISOLATED_DATA_DIR": f"{run}/artifacts/1", "ANSIBLE_LOCAL_TEMP": f"{run}/tmp"}
        return {**folders, "ANSIBLE_FORKS": "5", "ITEM": run, **more}

    common = keeper._common(environment("/run/run-1"), "/run/run-1")
    assert keeper._common(environment("/run/run-2"), "/run/run-2") == common
    assert keeper._common(environment("/run/run-2", ANSIBLE_FORKS="6"), "/run/run-2") != common
    assert keeper._common(environment("/run/run-2", PYTHONPATH="/x"), "/run/run-2") != common
    assert keeper._common(environment("/run/run-2", ANSIBLE_LOCAL_TEMP="/elsewhere"), "/run/run-2") != common
