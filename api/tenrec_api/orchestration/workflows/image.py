"""Images: inspected after an upload, removed everywhere after a delete."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.workflows.base import Fault, Workflow
from tenrec_api.services.image import inspection


def _import_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    return inspection.item(session, operation.resource_id)


def _imported(session: Session, operation: Operation, facts: Mapping[str, Any]) -> None:
    inspection.accept(session, operation.resource_id, facts)


def _import_failed(session: Session, operation: Operation, fault: Fault) -> None:
    inspection.refuse(session, operation.resource_id, f"{fault.task}: {fault.message}")


def _delete_item(session: Session, operation: Operation) -> dict[str, Any]:
    return {"id": operation.resource_id}


def _deleted(session: Session, operation: Operation, facts: Mapping[str, Any]) -> None:
    inspection.forget(session, operation.resource_id)


def _delete_failed(session: Session, operation: Operation, fault: Fault) -> None:
    # The record stays out of sight as pending_delete; the operation says why, and can be replayed.
    return None


WORKFLOWS = (
    Workflow("image_import", _import_item, _imported, _import_failed, deadline_seconds=590, batch=4),
    Workflow("image_delete", _delete_item, _deleted, _delete_failed),
)
