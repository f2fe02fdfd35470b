"""Volumes in servers: reserved by the request, plugged in and out by runs on the storage and the compute node.

A row stands for each volume that a server has or is about to have. Whoever calls a function here without `commit` in
its description owns the transaction.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import InvalidInput, NotFound
from tenrec_api.models.base import now
from tenrec_api.models.operation import Operation
from tenrec_api.models.server import Server
from tenrec_api.models.volume import Volume, VolumeAttachment
from tenrec_api.services import operations
from tenrec_api.services.volume import volumes

# A volume that has an attachment is in error when nobody knows how its attaching ended.
DETACHABLE = ("in-use", "error")
IQN_PREFIX = "iqn.2010-10.org.openstack:volume-"


def reserve(
    session: Session,
    context: Context,
    volume_id: str,
    server_id: str,
    device: str,
    boot_index: int | None = None,
    delete_on_termination: bool = False,
) -> VolumeAttachment:
    """Take an available volume for a server; the row is flushed. Raises NotFound, InvalidInput when it is not
    available.
    """
    volume = volumes.show(session, context, volume_id, lock=True)
    if volume.status != "available":
        raise InvalidInput(
            f"Invalid volume: volume '{volume_id}' status must be 'available'. Currently in '{volume.status}' status."
        )
    if boot_index == 0 and not volume.bootable:
        raise InvalidInput(f"Block Device {volume_id} is not bootable.")
    volume.enter("attaching")
    attachment = VolumeAttachment(
        volume=volume,
        server_id=server_id,
        device=device,
        boot_index=boot_index,
        delete_on_termination=delete_on_termination,
    )
    session.add(attachment)
    try:
        session.flush()
    except IntegrityError as error:
        session.rollback()
        raise InvalidInput(f"Invalid volume: volume '{volume_id}' is being attached already.") from error
    return attachment


def attach(
    session: Session, context: Context, volume_id: str, server_id: str, compute_node: str, device: str
) -> VolumeAttachment:
    """Reserve a volume for a server that runs on `compute_node` (None for one without a domain) and queue
    `volume_attach`; commits.
    """
    attachment = reserve(session, context, volume_id, server_id, device)
    _enqueue(session, "volume_attach", attachment, compute_node, context)
    session.commit()
    return attachment


def detach(session: Session, context: Context, attachment: VolumeAttachment, compute_node: str) -> None:
    """Queue `volume_detach`; commits. Raises InvalidInput unless the volume is in use, or may be."""
    volume = volumes.show(session, context, attachment.volume_id, lock=True)
    if volume.status not in DETACHABLE:
        raise InvalidInput(
            f"Invalid volume: Invalid input received: Invalid volume: Unable to detach volume. "
            f"Volume status must be 'in-use' to detach. Currently: status: '{volume.status}'."
        )
    if attachment.boot_index == 0:
        raise InvalidInput("The root volume of a server cannot be detached.")
    volume.enter("detaching")
    _enqueue(session, "volume_detach", attachment, compute_node, context)
    session.commit()


def enqueue_repair(session: Session, volume_id: str) -> Operation | None:
    """Queue `volume_attach` for a volume that is in use, in the caller's transaction; None when no server has it."""
    query = select(VolumeAttachment).where(VolumeAttachment.volume_id == volume_id)
    attachment = session.scalars(query).first()
    server = attachment and session.get(Server, attachment.server_id)
    if server is None or server.node is None or attachment.volume.status != "in-use":
        return None
    return _enqueue(session, "volume_attach", attachment, server.node.name, repair=True)


def _enqueue(
    session: Session,
    kind: str,
    attachment: VolumeAttachment,
    compute_node: str,
    context: Context | None = None,
    repair: bool = False,
) -> Operation:
    return operations.enqueue(
        session,
        kind,
        "volume",
        attachment.volume_id,
        context=context,
        project_id=attachment.volume.project_id,
        exclusive=(attachment.volume_id, attachment.server_id),
        nodes={"compute": compute_node, "storage": attachment.volume.node},
        parameters={"attachment_id": attachment.id} | ({operations.REPAIR: True} if repair else {}),
    )


def show(session: Session, server_id: str, volume_id: str) -> VolumeAttachment:
    """The attachment of the volume to the server; raises NotFound."""
    query = select(VolumeAttachment).where(
        VolumeAttachment.server_id == server_id, VolumeAttachment.volume_id == volume_id
    )
    attachment = session.scalars(query).first()
    if attachment is None:
        raise NotFound(f"volume_id not found: {volume_id[:80]}")
    return attachment


def of_servers(session: Session, server_ids: Iterable[str]) -> dict[str, list[VolumeAttachment]]:
    """For each server its attachments, in the order of their devices."""
    ids = list(server_ids)
    found: dict[str, list[VolumeAttachment]] = {server_id: [] for server_id in ids}
    query = select(VolumeAttachment).where(VolumeAttachment.server_id.in_(ids)).order_by(VolumeAttachment.device)
    for attachment in session.scalars(query).unique():
        found[attachment.server_id].append(attachment)
    return found


def item(session: Session, attachment: VolumeAttachment) -> dict[str, Any]:
    """The item of `volume_attach` and `volume_detach`, and of a server's ``volumes``. It carries the CHAP password."""
    settings = session.info["settings"].volumes
    volume = attachment.volume
    return {
        "id": volume.id,
        "server_id": attachment.server_id,
        "device": attachment.device,
        "iqn": IQN_PREFIX + volume.id,
        "portal_host": settings.portal_host,
        "portal_port": settings.portal_port,
        "chap_username": volume.chap_username,
        "chap_password": volume.chap_password,
        "boot_index": attachment.boot_index,
    }


def item_of(session: Session, attachment_id: str, status: str) -> dict[str, Any] | None:
    """The item for an attachment whose volume is in `status`; None when there is nothing left to do."""
    attachment = session.get(VolumeAttachment, attachment_id)
    if attachment is None or attachment.volume.status != status:
        return None
    return item(session, attachment)


def attached(session: Session, attachment: VolumeAttachment) -> None:
    """The server has the volume."""
    if attachment.volume.status == "attaching":
        attachment.volume.enter("in-use")
        attachment.volume.fault = None
        attachment.attached_at = now()


def detached(session: Session, attachment: VolumeAttachment) -> None:
    """The server no longer has the volume, or never got it."""
    volume: Volume = attachment.volume
    if volume.status in ("attaching", "detaching", *DETACHABLE):
        volume.enter("available")
    volume.attachments.remove(attachment)
    session.flush()


def not_detached(session: Session, attachment: VolumeAttachment, reason: str) -> None:
    """The guest would not let go: the volume stays in use."""
    if attachment.volume.status == "detaching":
        attachment.volume.enter("in-use")
        attachment.volume.fault = reason


def release_server(session: Session, server_id: str) -> None:
    """A server is gone: its volumes are available again, or go with it when they were to."""
    for attachment in of_servers(session, [server_id])[server_id]:
        volume, doomed = attachment.volume, attachment.delete_on_termination
        detached(session, attachment)
        if doomed and volume.status == "available":
            volumes.delete_with_server(session, volume)
