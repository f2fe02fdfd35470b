"""Volumes: made and removed on the storage node, plugged into servers and out of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.models.volume import Volume, VolumeAttachment
from tenrec_api.orchestration.workflows.base import Fault, Workflow
from tenrec_api.services import operations
from tenrec_api.services.volume import attachments, volumes

Facts = Mapping[str, Any]


def _reason(fault: Fault) -> str:
    return f"{fault.task}: {fault.message}"


def _create_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    return volumes.create_item(session, operation.resource_id)


def _created(session: Session, operation: Operation, facts: Facts) -> None:
    volumes.created(session, operation.resource_id)


def _not_created(session: Session, operation: Operation, fault: Fault) -> None:
    volumes.not_created(session, operation.resource_id, _reason(fault))


def _delete_item(session: Session, operation: Operation) -> dict[str, Any]:
    return {"id": operation.resource_id}


def _deleted(session: Session, operation: Operation, facts: Facts) -> None:
    volumes.deleted(session, operation.resource_id)


def _not_deleted(session: Session, operation: Operation, fault: Fault) -> None:
    volumes.not_deleted(session, operation.resource_id, _reason(fault))


def _attachment(session: Session, operation: Operation) -> VolumeAttachment | None:
    return session.get(VolumeAttachment, operation.parameters["attachment_id"])


def _secrets(session: Session, operation: Operation) -> dict[str, Any] | None:
    """Also after the attachment's end."""
    volume = session.get(Volume, operation.resource_id)
    return None if volume is None else {"id": volume.id, "chap_password": volume.chap_password}


def _attach_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    status = "in-use" if operation.parameters.get(operations.REPAIR) else "attaching"
    return attachments.item_of(session, operation.parameters["attachment_id"], status)


def _attached(session: Session, operation: Operation, facts: Facts) -> None:
    attachment = _attachment(session, operation)
    if attachment is not None:
        attachments.attached(session, attachment)


def _not_attached(session: Session, operation: Operation, fault: Fault) -> None:
    attachment = _attachment(session, operation)
    if attachment is not None and attachment.volume.status == "attaching":
        attachment.volume.fault = _reason(fault)
        attachments.detached(session, attachment)


def _detach_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    return attachments.item_of(session, operation.parameters["attachment_id"], "detaching")


def _detached(session: Session, operation: Operation, facts: Facts) -> None:
    attachment = _attachment(session, operation)
    if attachment is not None:
        attachments.detached(session, attachment)


def _not_detached(session: Session, operation: Operation, fault: Fault) -> None:
    attachment = _attachment(session, operation)
    if attachment is not None:
        attachments.not_detached(session, attachment, _reason(fault))


WORKFLOWS = (
    Workflow("volume_create", _create_item, _created, _not_created, deadline_seconds=600, compensation="volume_delete"),
    Workflow("volume_delete", _delete_item, _deleted, _not_deleted),
    Workflow("volume_attach", _attach_item, _attached, _not_attached, compensation="volume_detach", secrets=_secrets),
    Workflow("volume_detach", _detach_item, _detached, _not_detached, secrets=_secrets),
)
