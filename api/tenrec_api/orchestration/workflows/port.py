"""The workflows of ports."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.workflows.base import Fault, Workflow
from tenrec_api.services.network import ports


def item(session: Session, operation: Operation) -> dict | None:
    """The port as it is now."""
    return ports.apply_item(session, operation.resource_id)


def succeed(session: Session, operation: Operation, facts: Mapping[str, Any]) -> None:
    """The port is in force."""
    ports.record(session, operation.resource_id, applied=True)


def fail(session: Session, operation: Operation, fault: Fault) -> None:
    """The port is in ERROR; the operation says why."""
    ports.record(session, operation.resource_id, applied=False)


def gone(session: Session, operation: Operation) -> dict:
    """The id is all that a deletion needs."""
    return {"id": operation.resource_id}


def removed(session: Session, operation: Operation, facts: Mapping[str, Any]) -> None:
    """Nothing is left of the port."""
    ports.remove(session, operation.resource_id)


def not_removed(session: Session, operation: Operation, fault: Fault) -> None:
    """The row stays hidden, so that the operation can be replayed."""


WORKFLOWS = (
    Workflow("port_apply", item, succeed, fail),
    Workflow("port_delete", gone, removed, not_removed),
)
