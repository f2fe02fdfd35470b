"""The workflows of security groups."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.workflows.base import Fault, Workflow
from tenrec_api.services.network import security_groups


def item(session: Session, operation: Operation) -> dict | None:
    """The security group as it is now."""
    return security_groups.item(session, operation.resource_id)


def succeed(session: Session, operation: Operation, facts: Mapping[str, Any]) -> None:
    """A group has no status: nothing is to be noted."""


def fail(session: Session, operation: Operation, fault: Fault) -> None:
    """A group has no status: the operation says what failed."""


def gone(session: Session, operation: Operation) -> dict:
    """The id is all that a deletion needs."""
    return {"id": operation.resource_id}


def removed(session: Session, operation: Operation, facts: Mapping[str, Any]) -> None:
    """Nothing is left of the security group."""
    security_groups.remove(session, operation.resource_id)


def not_removed(session: Session, operation: Operation, fault: Fault) -> None:
    """The row stays hidden, so that the operation can be replayed."""


WORKFLOWS = (
    Workflow("security_group_apply", item, succeed, fail),
    Workflow("security_group_delete", gone, removed, not_removed),
)
