"""Rehearsals from the API's question to real runs in check mode and back, stock and warm alike."""

import time

import pytest

from tenrec_api.orchestration.rehearsals import RehearsalServer
from tenrec_api.orchestration.workflows import by_kind
from tenrec_api.orchestration.workflows.base import Workflow
from tenrec_api.services.rehearsals import Stage, WorkerAway


@pytest.fixture
def stage(runner, tmp_path):
    kinds = [Workflow(kind, None, None, None, deadline_seconds=30) for kind in ("report", "slow", "unreachable")]
    server = RehearsalServer(tmp_path / "socket", runner, by_kind(kinds))
    server.start()
    yield Stage(sessions=None, item=None, socket_path=tmp_path / "socket")
    server.stop()


def test_a_run_is_checked_and_leaves_nothing(stage, settings, tmp_path):
    item = {"id": "one", "name": "{{ lookup('pipe', 'touch /tmp/x') }}", "chap_password": "a secret of the volume"}
    first, second = stage.ask([{"kind": "report", "item": item, "nodes": {}}] * 2)
    assert first["diffs"] == second["diffs"]
    (diff,) = first["diffs"]
    assert diff["after"]["received"] == item | {"chap_password": "********"}
    assert (first["changed"], first["fault"]) == (True, None)
    assert [task["status"] for task in first["tasks"]] == ["changed"]
    assert not (tmp_path / "archive").exists()
    assert list((tmp_path / "run" / "runs").glob("run-*")) == []


def test_an_items_error_and_a_host_that_is_away_are_told(stage):
    checks = [
        {"kind": "report", "item": {"id": "one", "error": "no room"}, "nodes": {}},
        {"kind": "unreachable", "item": {"id": "one"}, "nodes": {"compute": "gone"}},
    ]
    failed, away = (answer["fault"] for answer in stage.ask(checks))
    assert (failed["message"], failed["transient"]) == ("no room", False)
    assert away["transient"] is True


def test_whoever_hangs_up_ends_the_run(stage, tmp_path):
    item = {"id": "one", "sleep": 25, "pid_file": str(tmp_path / "pid")}
    with pytest.raises(WorkerAway, match="within 3 seconds"):
        stage.ask([{"kind": "slow", "item": item, "nodes": {}}], patience=3)
    began = time.monotonic()
    while list((tmp_path / "run" / "runs").glob("run-*")):
        assert time.monotonic() - began < 15
        time.sleep(0.1)
