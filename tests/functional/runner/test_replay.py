"""A finished run's folder repeats the run: with ansible-playbook alone, or with the database's secrets."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tenrec_api.config import Database
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.exceptions import Conflict, NotFound
from tenrec_api.models import metadata
from tenrec_api.models.operation import FAILED, RUNNING, SUCCEEDED
from tenrec_api.models.run import Run
from tenrec_api.orchestration.archive import find
from tenrec_api.orchestration.replay import replay
from tenrec_api.orchestration.runner import Runner
from tenrec_api.orchestration.workflows import by_kind
from tenrec_api.orchestration.workflows.base import Workflow
from tenrec_api.services import operations, runs

EVIL = "{{ lookup('pipe', 'touch %s') }} $(touch %s) '\"\n- x: !!python/none ********"
SECRET = 'swordfish "quoted" é'


@pytest.fixture
def settings(settings):
    return replace(settings, archive_runs=10)


@pytest.fixture
def runner(settings):
    """What a folder holds does not depend on how its run was started."""
    return Runner(settings, collection="tenrec_test.fixture", grace_seconds=0)


def ansible_playbook(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The second command of the folder's README, by a user who has none of the worker's environment."""
    (command,) = re.findall(r"^    (\S*ansible-playbook .*) --check --diff$", (folder / "README").read_text(), re.M)
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(folder.parent)}
    return subprocess.run(
        [*command.split(), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def kept(settings, result) -> Path:
    folder = find(Path(settings.archive_directory), result.run_id)
    assert folder is not None
    return folder


def written(folder: Path) -> str:
    return "".join(each.read_text() for each in folder.rglob("*") if each.is_file())


def test_ansible_playbook_alone_repeats_a_run_and_what_a_tenant_typed_stays_data(runner, settings, tmp_path):
    mark, proof = tmp_path / "evaluated", tmp_path / "proof"
    evil = EVIL % (mark, mark)
    items = [{"id": "one", "name": evil, evil: [evil, {evil: evil}], "proof": str(proof)}]
    folder = kept(settings, runner.run("report", items, {}, 60))
    again = ansible_playbook(folder, "--diff", "-v")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Report what arrived" in again.stdout and "changed=1" in again.stdout
    (answer,) = [json.loads(line.partition("=> ")[2]) for line in again.stdout.splitlines() if "=> {" in line]
    assert answer["results"][0]["received"] == items[0]
    assert answer["results"][0]["applied"]
    assert not mark.exists()


def test_a_run_is_repeated_in_check_mode(runner, settings):
    folder = kept(settings, runner.run("report", [{"id": "one"}], {}, 60))
    again = ansible_playbook(folder, "--check", "--diff", "-v")
    assert again.returncode == 0, again.stdout + again.stderr
    assert '"applied": false' in again.stdout and "+++ after" in again.stdout


def test_a_run_that_failed_says_so_again(runner, settings):
    folder = kept(settings, runner.run("report", [{"id": "one", "error": "no such image"}], {}, 60))
    again = ansible_playbook(folder)
    assert again.returncode == 2 and "no such image" in again.stdout


def test_a_host_is_reached_as_the_worker_reaches_it(runner, settings):
    folder = kept(settings, runner.run("unreachable", [{"id": "one"}], {"compute": "gone"}, 60))
    again = ansible_playbook(folder)
    assert again.returncode == 4 and "Connection refused" in again.stdout
    assert not (folder / ".ansible").exists() and not (folder.parent / ".ansible").exists()


def test_secrets_are_in_no_file_and_without_them_nothing_is_applied(runner, settings, tmp_path):
    items = [
        {"id": "one", "volumes": [{"id": "v", "chap_password": SECRET}], "error": f"{SECRET} was refused"},
        {"id": "two", "token": SECRET, "name": f"named {SECRET}", SECRET: 1, "pid_file": str(tmp_path / "pid")},
    ]
    folder = kept(settings, runner.run("report", items, {}, 60))
    content = written(folder)
    assert "was refused" in content
    for spelling in (SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], "swordfish"):
        assert spelling not in content
    for arguments in ((), ("--check",)):
        again = ansible_playbook(folder, *arguments)
        assert again.returncode == 2
        assert "tenrec-manage operation replay" in again.stdout and "Report what arrived" not in again.stdout


def test_every_task_is_told_with_its_host_and_how_long_it_took(runner):
    result = runner.run("two_steps", [{"id": "a"}], {"storage": "beta"}, 60)
    first, second = result.tasks
    assert (first["task"], first["host"], first["status"]) == ("Do the first step", "alpha", "changed")
    assert (second["play"], second["host"], second["status"]) == ("Second step", "beta", "failed")
    assert "second_error" in second["message"] and "message" not in first
    assert 0 < first["seconds"] < result.seconds
    assert f"{result.began:%Y-%m-%dT%H:%M:%S.%f}" < first["start"] < second["start"]


def test_only_the_last_runs_are_kept_and_those_that_only_look_are_kept_apart(settings):
    runner = Runner(replace(settings, archive_runs=2), collection="tenrec_test.fixture", grace_seconds=0)
    ids = [runner.run("silent", [{"id": "one"}], {}, 60).run_id for _ in range(3)]
    look = runner.run("silent", [], {}, 60)
    found = [find(Path(settings.archive_directory), run_id) is not None for run_id in (*ids, look.run_id)]
    assert found == [False, True, True, True]


class Cloud:
    """A database with operations of the kind `report`, whose items are `items`, and the runs that they had."""

    def __init__(self, settings, runner, folder: Path):
        self.settings, self._runner = settings, runner
        engine = make_engine(Database(url=f"sqlite:///{folder / 'cloud.sqlite'}"))
        metadata.create_all(engine)
        self.sessions = make_sessions(engine)
        self.items: dict[str, dict] = {}

        def item(session, operation):
            operation.reason = "not to be kept"
            return self.items.get(operation.resource_id)

        self._workflows = by_kind([Workflow("report", item, lambda *_: None, lambda *_: None)])

    def run(self, *items: dict, status: str = SUCCEEDED) -> list[str]:
        """Have one run for these items; returns the operations' ids."""
        result = self._runner.run("report", items, {}, 60)
        with self.sessions() as session:
            batch = [operations.enqueue(session, "report", "thing", each["id"]) for each in items]
            for operation in batch:
                operation.status = status
            run = Run(id=result.run_id, kind="report", status=result.status, started_at=result.began, seconds=1.0,
                      nodes={}, tasks=result.tasks)  # fmt: skip
            runs.note(session, run, batch)
            session.commit()
            self.items |= {each["id"]: each for each in items}
            return [operation.id for operation in batch]

    def replay(self, identity: str, check: bool = False) -> tuple[int, str]:
        lines: list[str] = []
        code = replay(self.settings, self.sessions, self._workflows, identity, check, lines.append)
        return code, "\n".join(lines)


@pytest.fixture
def cloud(settings, runner, tmp_path):
    return Cloud(settings, runner, tmp_path)


def test_a_replay_takes_the_secrets_of_now_and_all_else_of_then_and_tells_neither(cloud, tmp_path):
    pid_file = tmp_path / "pid"
    then = {"id": "one", "name": "then", "sleep": 0, "pid_file": str(pid_file), "token": "the old token"}
    [operation_id] = cloud.run(then)
    cloud.items["one"] = then | {"name": "now", "token": "the new token", "error": "not of then"}
    code, output = cloud.replay(operation_id)
    assert code == 0, output
    assert "changed=1" in output and "the new token" not in output
    code, output = cloud.replay(operation_id, check=True)
    assert code == 0 and "--- before" in output
    assert '"name": "then"' in output and '"token": "********"' in output
    with cloud.sessions() as session:
        assert operations.show(session, operation_id).reason is None
    assert "the new token" not in written(Path(cloud.settings.archive_directory))
    assert list(Path(cloud.settings.run_directory).glob("run-*")) == []


def test_a_replay_refuses_when_the_secret_is_gone(cloud):
    [one, two] = cloud.run({"id": "one", "token": "swordfish"}, {"id": "two", "token": "open sesame"})
    cloud.items["two"] = {"id": "two", "token": None}
    with pytest.raises(Conflict, match=r"item two\.token is not known any more"):
        cloud.replay(two, check=True)
    cloud.items.clear()
    with pytest.raises(Conflict, match=r"item one\.token is not known any more"):
        cloud.replay(one, check=True)


def test_a_replay_leaves_out_whose_secrets_went_with_them(cloud):
    [one, _two] = cloud.run({"id": "one", "token": "swordfish"}, {"id": "two", "token": "open sesame"})
    del cloud.items["two"]
    code, output = cloud.replay(one, check=True)
    assert code == 0, output
    assert "Left out, because its secrets cannot be made again: item two.token is not known any more." in output
    assert '"id": "one"' in output and '"id": "two"' not in output


def test_what_the_database_does_not_want_any_more_is_only_rehearsed(cloud):
    for status, says in ((FAILED, "operation retry"), (RUNNING, "is running")):
        [operation_id] = cloud.run({"id": status}, status=status)
        with pytest.raises(Conflict, match=says):
            cloud.replay(operation_id)
        assert cloud.replay(operation_id, check=True)[0] == 0
    [first] = cloud.run({"id": "one"})
    [second] = cloud.run({"id": "one"})
    with pytest.raises(Conflict, match=second):
        cloud.replay(first)
    assert cloud.replay(second)[0] == 0


def test_what_is_not_kept_is_named(cloud):
    with pytest.raises(NotFound, match="no run nothing"):
        cloud.replay("nothing")
    [operation_id] = cloud.run({"id": "one"})
    for folder in Path(cloud.settings.archive_directory).glob("*-report-*"):
        folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(NotFound, match="archive_runs"):
        cloud.replay(operation_id)


def test_the_program_is_the_one_of_this_environment(runner, settings):
    folder = kept(settings, runner.run("report", [{"id": "one"}], {}, 60))
    assert str(Path(sys.executable).parent / "ansible-playbook") in (folder / "README").read_text()
