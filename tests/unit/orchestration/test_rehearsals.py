"""The worker's socket for rehearsals: what it asks the nodes, for whom, and when it stops."""

import json
import socket
import stat
import threading
import time

import pytest

from tenrec_api.orchestration import rehearsals
from tenrec_api.orchestration.events import Fault, Outcome, RunResult
from tenrec_api.orchestration.rehearsals import RehearsalServer
from tenrec_api.services.rehearsals import Stage, WorkerAway

CHECK = {"kind": "thing_create", "item": {"id": "1", "token": "top secret"}, "nodes": {"compute": "one"}}


class Runner:
    """Answers as `result` says, once `go` is set or the run is cancelled."""

    def __init__(self):
        self.result = RunResult("successful", {"1": Outcome({}, True)})
        self.runs, self.cancelled = [], []
        self.go = threading.Event()
        self.go.set()

    def run(self, kind, items, nodes, deadline, cancelled, check=False, keep=True):
        self.runs.append((kind, items, nodes, deadline, check, keep))
        while not self.go.wait(0.01):
            if cancelled():
                self.cancelled.append(kind)
                break
        return self.result


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def server(tmp_path, runner, workflows):
    server = RehearsalServer(tmp_path / "socket", runner, workflows)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def stage(tmp_path, server):
    return Stage(sessions=None, item=None, socket_path=tmp_path / "socket")


def wait_for(question):
    """Wait until the answer is true."""
    until = time.monotonic() + 10
    while not question():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_each_check_is_a_run_of_its_own_that_changes_and_keeps_nothing(stage, runner):
    task = {"task": "Make it", "host": "one", "status": "changed"}
    runner.result.tasks.append(task)
    runner.result.diffs.append({"task": "Make it", "host": "one", "before": {}, "after": {"chap_password": "secret"}})
    first, second = stage.ask([CHECK, {**CHECK, "kind": "thing_delete"}])
    deadline = rehearsals.RUN_SECONDS
    assert runner.runs == [
        ("thing_create", [CHECK["item"]], {"compute": "one"}, deadline, True, False),
        ("thing_delete", [CHECK["item"]], {"compute": "one"}, 30, True, False),
    ]
    assert first == second
    assert (first["changed"], first["tasks"], first["fault"]) == (True, [task], None)
    assert "secret" not in json.dumps(first["diffs"])


def test_a_fault_is_told(stage, runner):
    fault = Fault("Make it", "one", "no room", transient=True)
    runner.result = RunResult("failed", {"1": Outcome(fault=fault)})
    (answer,) = stage.ask([CHECK])
    assert answer["fault"] == {"task": "Make it", "host": "one", "message": "no room", "transient": True}
    assert answer["changed"] is False


def test_no_check_needs_no_worker(tmp_path):
    assert Stage(None, None, tmp_path / "none").ask([]) == []


def test_only_the_worker_itself_may_connect(tmp_path, server):
    assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o600


def test_a_socket_that_an_earlier_worker_left_is_replaced(tmp_path, runner, workflows):
    path = tmp_path / "left"
    socket.socket(socket.AF_UNIX).bind(str(path))
    server = RehearsalServer(path, runner, workflows)
    server.start()
    assert Stage(None, None, path).ask([CHECK])
    server.stop()
    assert not path.exists()
    with pytest.raises(WorkerAway, match="the worker does not answer"):
        Stage(None, None, path).ask([CHECK])


def test_a_place_without_a_folder_costs_the_rehearsals_and_not_the_worker(tmp_path, runner, workflows):
    server = RehearsalServer(tmp_path / "none" / "socket", runner, workflows)
    server.start()
    server.stop()


def test_a_client_that_loses_patience_takes_its_run_with_it(stage, runner):
    runner.go.clear()
    with pytest.raises(WorkerAway, match=r"within 0\.1 seconds"):
        stage.ask([CHECK, CHECK], patience=0.1)
    wait_for(lambda: runner.cancelled)
    runner.go.set()
    assert stage.ask([CHECK])
    # The second check of the client that left was not begun.
    assert len(runner.runs) == 2


def test_a_worker_that_ends_breaks_off_what_it_checks(stage, server, runner):
    runner.go.clear()
    refusals = []

    def ask():
        try:
            stage.ask([CHECK, CHECK])
        except WorkerAway as error:
            refusals.append(str(error))

    client = threading.Thread(target=ask)
    client.start()
    wait_for(lambda: runner.runs)
    server.stop()
    client.join(timeout=10)
    assert runner.cancelled == ["thing_create"]
    assert refusals == ["the worker does not answer"]


def test_more_than_can_wait_are_turned_away_at_once(stage, runner):
    runner.go.clear()
    answers, refusals = [], []
    places = rehearsals.AT_ONCE + rehearsals.WAITING

    def ask():
        try:
            answers.append(stage.ask([CHECK]))
        except WorkerAway as error:
            refusals.append(str(error))

    clients = [threading.Thread(target=ask) for _ in range(places + 1)]
    for each in clients:
        each.start()
    wait_for(lambda: refusals and len(runner.runs) == rehearsals.AT_ONCE)
    assert answers == []
    runner.go.set()
    for each in clients:
        each.join(timeout=10)
    assert refusals == ["too many requests are being rehearsed; try again in a moment"]
    assert len(answers) == places


NONSENSE = [b"\n", b"{\n", b"[]\n", b'{"checks": 1}\n', b'{"checks": [{"kind": "none"}]}\n', b"x"]


@pytest.mark.parametrize("said", NONSENSE)
def test_nonsense_costs_one_connection(tmp_path, stage, said):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(tmp_path / "socket"))
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        assert connection.recv(100) == b""
    assert stage.ask([CHECK])
