"""A cloud with one of everything, put back before each test, and a worker that answers rehearsals as the test says."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask

from tenrec_api.orchestration.events import Fault, Outcome, RunResult
from tenrec_api.orchestration.rehearsals import RehearsalServer
from tenrec_api.orchestration.workflows import discover
from tests.unit.dry_run.world import World


@dataclass
class Nodes:
    """Stands for the runner: says of each item that it would change, or `fault`. `runs` notes what was asked."""

    fault: Fault | None = None
    runs: list = field(default_factory=list)

    def run(self, kind, items, nodes, deadline, cancelled, check=False, keep=True):
        self.runs.append((kind, list(items), dict(nodes), check, keep))
        host = nodes.get("compute") or nodes.get("storage") or "controller1"
        task = {"play": "Do it", "task": "Do it", "host": host, "start": "", "seconds": 0.1, "status": "changed"}
        row = {"gateway chassis x of lrp": {"chassis_name": "x"}, "live": {"path": "/var/lib/x"}, "on": f"at {host}."}
        diff = {"task": "Do it", "host": host, "before": {}, "after": row}
        return RunResult(
            "failed" if self.fault else "successful",
            {item["id"]: Outcome({}, not self.fault, self.fault) for item in items},
            tasks=[task],
            diffs=[diff],
        )


@pytest.fixture
def nodes(app: Flask, tmp_path, monkeypatch) -> Iterator[Nodes]:
    """The nodes' side, behind a real socket."""
    nodes = Nodes()
    server = RehearsalServer(tmp_path / "socket", nodes, discover()[0])
    runtime = app.extensions["tenrec"]
    stage = replace(runtime.stage, socket_path=tmp_path / "socket")
    monkeypatch.setitem(app.extensions, "tenrec", replace(runtime, stage=stage))
    server.start()
    yield nodes
    server.stop()


@pytest.fixture(scope="module")
def _kept() -> dict:
    """The world once it is made: its rows and its ids."""
    return {}


@pytest.fixture
def connection(app: Flask) -> sqlite3.Connection:
    """The application's one connection to its database in memory."""
    with app.extensions["tenrec"].sessions().get_bind().connect() as connection:
        return connection.connection.driver_connection


@pytest.fixture
def ids(client, admin, session, connection, _kept) -> dict[str, str]:
    """Ids of the world's resources by name."""
    if not _kept:
        _kept["ids"] = World(client, admin, session).ids
        _kept["rows"] = sqlite3.connect(":memory:", check_same_thread=False)
        connection.backup(_kept["rows"])
    _kept["rows"].backup(connection)
    session.expire_all()
    return {**_kept["ids"], "my token": client.token}


@pytest.fixture
def dump(connection):
    """Call it for all rows of all tables."""
    return lambda: list(connection.iterdump())
