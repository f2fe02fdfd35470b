"""The comparison of the whole cloud with what the database wants; see orchestration/reconcile.py for how it runs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.workflows.base import Fault, Workflow
from tenrec_api.services import operations
from tenrec_api.services.drift import findings
from tenrec_api.services.drift.comparison import Found

# As many runs as there are kinds of things, and one for each host and each batch of a large cloud.
RECONCILE_SECONDS = 900


def item(session: Session, operation: Operation) -> dict[str, Any]:
    """The cloud is one thing."""
    return {"id": operation.resource_id}


def compared(session: Session, operation: Operation, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what was found, and ask for the repairs if they were wanted."""
    found = [Found(**each) for each in facts["found"]]
    repairs = findings.record(session, found, bool(operation.parameters.get(operations.REPAIR)))
    return {"found": len(found), "repairs": repairs, "compared": facts["compared"]}


def not_compared(session: Session, operation: Operation, fault: Fault) -> None:
    """The findings of the last time stay; the operation says why."""


WORKFLOWS = (Workflow(findings.KIND, item, compared, not_compared, deadline_seconds=RECONCILE_SECONDS, batch=1),)
