"""A real worker process with real playbook runs: ended gently, killed, started twice."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tenrec_api.config import Database
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.models.operation import Operation
from tenrec_api.services import operations

HERE = Path(__file__).parent


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        # A zombie has no command line.
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


class Stage:
    """A folder, a database and the workers of one test."""

    def __init__(self, folder, settings):
        self.folder = folder
        self.settings = replace(settings, poll_seconds=0.1, lease_seconds=3)
        self.url = f"sqlite:///{folder / 'tenrec.sqlite'}"
        engine = make_engine(Database(url=self.url))
        Operation.__table__.create(engine)
        self.sessions = make_sessions(engine)
        (folder / "settings.json").write_text(json.dumps(asdict(self.settings)))
        self.processes = []

    def start(self) -> subprocess.Popen:
        with (self.folder / "worker.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "worker_program.py"), self.url, str(self.folder)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def sleep(self, seconds: float) -> None:
        (self.folder / "sleep").write_text(str(seconds))

    def add(self) -> str:
        with self.sessions() as session:
            operation = operations.enqueue(session, "slow", "thing", "thing-1")
            session.commit()
            return operation.id

    def show(self, operation_id: str) -> Operation:
        with self.sessions() as session:
            return operations.show(session, operation_id)

    def module(self) -> int:
        """The process id of the module that sleeps now."""
        path = self.folder / "pid"
        until(lambda: path.exists() and path.read_text())
        pid = int(path.read_text())
        path.unlink()
        return pid

    def told(self) -> list[str]:
        return (self.folder / "told").read_text().splitlines()

    @property
    def log(self) -> str:
        return (self.folder / "worker.log").read_text()


@pytest.fixture
def stage(tmp_path, settings):
    stage = Stage(tmp_path, settings)
    yield stage
    for process in stage.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_told_to_end_it_ends_its_run_first(stage):
    stage.sleep(3)
    worker = stage.start()
    operation_id = stage.add()
    stage.module()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    assert stage.show(operation_id).status == "succeeded"
    assert stage.told() == ["thing-1 dict"]


@pytest.mark.parametrize("same_host", [True, False])
def test_killed_in_the_middle_the_next_worker_finishes(stage, same_host):
    stage.sleep(600)
    worker = stage.start()
    operation_id = stage.add()
    module = stage.module()
    worker.kill()
    worker.wait()
    operation = stage.show(operation_id)
    assert operation.status == "running"
    if not same_host:
        # As if it had run elsewhere: nobody here knows that it is dead, only its lease tells.
        with stage.sessions() as session:
            session.merge(operation).lease_owner = "elsewhere/1/x"
            session.commit()
    stage.sleep(0)
    stage.start()
    until(lambda: stage.show(operation_id).status == "succeeded")
    assert stage.show(operation_id).attempts == 2
    assert stage.told() == ["thing-1 dict"]
    assert not alive(module), "the module of the killed worker's run still works"
    assert list(Path(stage.settings.run_directory).glob("run-*")) == []


def test_killed_in_the_middle_a_forked_run_ends_with_it(stage):
    stage.sleep(600)
    worker = stage.start()
    until(lambda: "is ready" in stage.log)
    stage.add()
    module = stage.module()
    worker.kill()
    worker.wait()
    until(lambda: not alive(module), 10)
    until(lambda: not zygotes_of(stage.folder), 10)


def zygotes_of(folder: Path) -> list[str]:
    """The processes of zygotes, they and what they forked, whose runs are in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except FileNotFoundError:
            continue
        if b"warm.zygote" in words and bytes(folder) in words:
            found.append(entry.name)
    return found


def test_a_cancelled_run_ends_within_a_heartbeat(stage):
    stage.sleep(600)
    stage.start()
    operation_id = stage.add()
    module = stage.module()
    with stage.sessions() as session:
        operations.cancel(session, operation_id)
    until(lambda: stage.show(operation_id).status == "cancelled", 20)
    assert not alive(module)
    assert stage.told() == ["thing-1 Fault"]


def test_there_is_one_worker_on_a_host(stage):
    stage.sleep(0)
    stage.start()
    until(lambda: "workflows" in stage.log)
    second = stage.start()
    assert second.wait(timeout=30) == 1
    assert "Another worker runs on this host" in stage.log
