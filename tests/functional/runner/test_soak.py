"""Three hundred forked runs, two at a time: nothing is lost, doubled or left behind."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tenrec_api.orchestration.runner import Runner

from .conftest import make_settings
from .stage import UUID, play

RUNS = 300
# The first runs touch pages and fill caches; from then on nothing may grow with the number of runs.
FIRST = 40
# What may differ all the same: a page here and there, the buffers of an allocator.
SLACK_KIB = 2048


def private_kib(process: int) -> int:
    """Memory that only this process has."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return sum(int(value) for value in re.findall(r"Private_\w+: +(\d+)", rollup))


def descriptors(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def zygote_of(runner: Runner) -> int:
    return runner._keeper._process.pid


def marked(folder: str) -> list[str]:
    """Processes that belong to a run in `folder`."""
    mark = f"AWX_ISOLATED_DATA_DIR={folder}/run-".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [path.parent.name] if mark in path.read_bytes() else []
        except OSError:
            continue
    return found


def test_soak(tmp_path):
    runner = Runner(make_settings(tmp_path), "tenrec_test.fixture", grace_seconds=0)
    runner.clean()
    runner.start()
    assert runner.wait_warm()
    zygote = zygote_of(runner)

    def one(number):
        kind = "report" if number % 20 == 0 else "says"
        return play(runner, kind, [{"id": "a", "n": number}], keeper=runner._keeper, name=str(number))

    def many(numbers):
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(one, numbers))

    try:
        played = many(range(FIRST))
        before = private_kib(zygote), descriptors(zygote), descriptors(os.getpid())
        played += many(range(FIRST, RUNS))
        after = private_kib(zygote), descriptors(zygote), descriptors(os.getpid())
        assert zygote_of(runner) == zygote, "the zygote died and was replaced"
        assert after[1:] == before[1:], "descriptors stay open"
        assert after[0] - before[0] < SLACK_KIB, f"the zygote grew from {before[0]} to {after[0]} KiB"
        assert Path(f"/proc/{zygote}/task/{zygote}/children").read_text() == ""
        assert marked(runner._settings.run_directory) == []
        folder = tmp_path / "run" / "runs"
        assert {path.name for path in folder.iterdir()} == {"ansible", "warm"}
        # The zygote's own, no run's.
        assert len(list(folder.rglob("ansible-local-*"))) == 1
    finally:
        runner.stop()

    assert all(run.forked and run.status == "successful" for run in played)
    for number, run in enumerate(played):
        assert f'"n": {number}' in str(run.artifacts) or f"'n': {number}" in str(run.events)
    events = [event["uuid"] for run in played for event in run.events if "uuid" in event]
    # Those that Ansible itself gives to plays and tasks are made of a random number of the process, and count.
    inner = [set(UUID.findall(str(run.events))) for run in played]
    assert len(events) == len(set(events))
    assert sum(map(len, inner)) == len(set().union(*inner))
