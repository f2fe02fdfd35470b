"""Real rows on SQLite, a workflow that notes what it is told, and a runner whose answers the test writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from tenrec_api.config import Config, Database, Worker
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.models.base import Base
from tenrec_api.models.operation import Operation
from tenrec_api.models.run import Run, RunOperation
from tenrec_api.orchestration.claims import Claims
from tenrec_api.orchestration.events import Fault, Outcome, RunResult
from tenrec_api.orchestration.execution import Execution
from tenrec_api.orchestration.workflows import by_kind
from tenrec_api.orchestration.workflows.base import Workflow
from tenrec_api.services import operations


@pytest.fixture
def config(tmp_path):
    return Config(
        database=Database(url=f"sqlite:///{tmp_path / 'tenrec.sqlite'}"),
        worker=Worker(poll_seconds=0.05, lease_seconds=30),
    )


@pytest.fixture
def sessions(config):
    engine = make_engine(config.database)
    Base.metadata.create_all(engine, tables=[Operation.__table__, Run.__table__, RunOperation.__table__])
    yield make_sessions(engine)
    engine.dispose()


@dataclass
class Notes:
    """What the workflow was told: (resource id, facts or fault), in order."""

    succeeded: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    interrupted: list = field(default_factory=list)


@dataclass
class Script:
    """Stands for the runner: `answer(kind, items, cancelled)` makes the result; `runs` notes what was run."""

    answer: Callable
    runs: list = field(default_factory=list)

    def run(self, kind, items, nodes, deadline, cancelled):
        self.runs.append((kind, [item["id"] for item in items], dict(nodes), deadline))
        return self.answer(kind, items, cancelled)


def _done(items, faults: Mapping[str, Fault] | None = None, status="successful") -> RunResult:
    """A run in which the items of `faults` failed and the others did not."""
    faults = faults or {}
    outcomes = {item["id"]: Outcome({"seen": item["id"]}, True, faults.get(item["id"])) for item in items}
    return RunResult(status, outcomes)


@pytest.fixture
def done():
    """Makes the result of a run: ``done(items, faults by id, status)``."""
    return _done


@pytest.fixture
def script():
    """Makes a runner of a function: ``script(answer)``."""
    return Script


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def workflows(notes):
    def item(session, operation):
        behaviour = operation.parameters.get("item")
        if behaviour == "none":
            return None
        if behaviour == "broken":
            raise RuntimeError("a secret detail")
        return {"id": operation.resource_id}

    def succeed(session, operation, facts):
        match operation.parameters.get("succeed"):
            case "broken":
                raise RuntimeError("a secret detail")
            case "integrity":
                raise IntegrityError("INSERT", {}, Exception("duplicate"))
            case "away" if len(notes.interrupted) < 2:
                notes.interrupted.append(operation.resource_id)
                raise OperationalError("UPDATE", {}, Exception("deadlock"))
        notes.succeeded.append((operation.resource_id, dict(facts)))

    def fail(session, operation, fault):
        if operation.parameters.get("fail") == "broken":
            raise RuntimeError("a secret detail")
        notes.failed.append((operation.resource_id, fault))

    return by_kind(
        [
            Workflow("thing_create", item, succeed, fail, deadline_seconds=60, batch=3, compensation="thing_delete"),
            Workflow("thing_delete", item, succeed, fail, deadline_seconds=30),
        ]
    )


@pytest.fixture
def claims(sessions):
    return Claims(sessions, "host/1/one", lease_seconds=30)


class Queue:
    """Adds operations, looks at them, and carries out what can be claimed."""

    def __init__(self, sessions, claims, workflows):
        self.sessions, self.claims, self.workflows = sessions, claims, workflows

    def add(self, resource_id: str, kind: str = "thing_create", **options) -> str:
        with self.sessions() as session:
            operation = operations.enqueue(session, kind, "thing", resource_id, **options)
            session.commit()
            return operation.id

    def show(self, operation_id: str) -> Operation:
        with self.sessions() as session:
            return operations.show(session, operation_id)

    def change(self, operation_id: str, **values) -> None:
        with self.sessions() as session:
            operation = operations.show(session, operation_id)
            for name, value in values.items():
                setattr(operation, name, value)
            session.commit()

    def claim(self, claims: Claims | None = None) -> list[str]:
        """The resources of the batch that is claimed."""
        return [each.resource_id for each in (claims or self.claims).claim(self.workflows)]

    def work(self, script: Script) -> None:
        """Carry out batches until there is nothing to claim."""
        while batch := self.claims.claim(self.workflows):
            Execution(self.sessions, self.claims, script, self.workflows, batch).run()


@pytest.fixture
def queue(sessions, claims, workflows):
    return Queue(sessions, claims, workflows)
