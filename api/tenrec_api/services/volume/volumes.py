"""Volumes: made, listed, shown, changed, deleted."""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from tenrec_api import lifecycle
from tenrec_api.context import Context
from tenrec_api.exceptions import InvalidInput
from tenrec_api.models.volume import Volume
from tenrec_api.services import listing, operations, visibility
from tenrec_api.services.image import images
from tenrec_api.services.volume import quotas

GIB = 1024**3
# RFC 7143, 9.2.1 asks for at least 12 bytes and many initiators take at most 16. No sign that a command line minds.
CHAP_LETTERS = string.ascii_letters + string.digits
CHAP_LENGTH = 16
DELETABLE = ("available", "error", "error_deleting")


def create(session: Session, context: Context, attributes: dict[str, Any], image_id: str | None = None) -> Volume:
    """A new volume, empty or with the content of an image; it is `creating` until the storage node has made it.

    Raises NotFound for the image, InvalidInput when the image does not fit, QuotaExceeded.
    """
    volume = Volume(
        project_id=context.project_id,
        user_id=context.user_id,
        node=session.info["settings"].storage_node,
        chap_username=f"volume-{secrets.token_hex(6)}",
        chap_password="".join(secrets.choice(CHAP_LETTERS) for _ in range(CHAP_LENGTH)),
        **attributes,
    )
    if image_id is not None:
        _take_image(session, context, volume, image_id)
    quotas.check(session, context.project_id, volumes=1, gigabytes=volume.size_gib)
    session.add(volume)
    session.flush()
    shared = (image_id,) if image_id else ()
    nodes = {"storage": volume.node}
    operations.enqueue(session, "volume_create", "volume", volume.id, context=context, shared=shared, nodes=nodes)
    session.commit()
    return volume


def _take_image(session: Session, context: Context, volume: Volume, image_id: str) -> None:
    image = images.show(session, context, image_id)
    if image.status != "active":
        raise InvalidInput(f"Image {image_id} is {image.status}; only an active image can be made into a volume.")
    least = max(image.min_disk, -(-(image.virtual_size or 0) // GIB))
    if volume.size_gib < least:
        raise InvalidInput(
            f"A volume of {volume.size_gib} GiB is too small for image {image_id}; it needs {least} GiB."
        )
    volume.image_id = image.id
    volume.bootable = True
    volume.image = {
        "image_id": image.id,
        "image_name": image.name,
        "checksum": image.md5,
        "container_format": image.container_format,
        "disk_format": image.disk_format,
        "min_disk": str(image.min_disk),
        "min_ram": str(image.min_ram),
        "size": str(image.size),
        **image.properties,
    }


def select_volumes(context: Context, filters: Mapping[str, Any]) -> Select:
    """The caller's volumes that match `filters` (name, status, bootable, metadata; an admin's all_tenants,
    project_id).
    """
    query = visibility.visible(context, Volume, all_projects=bool(filters.get("all_tenants")))
    if filters.get("project_id") and context.is_admin:
        query = query.where(Volume.project_id == filters["project_id"])
    for key in ("name", "status", "bootable", "availability_zone", "id"):
        if filters.get(key) is not None:
            query = query.where(getattr(Volume, key) == filters[key])
    return query


def find(session: Session, context: Context, filters: Mapping[str, Any]) -> tuple[list[Volume], bool]:
    """A page of volumes, and whether there are more."""
    sort = listing.sort_of(filters)
    if filters.get("sort"):
        sort = [(part.partition(":")[0], part.partition(":")[2] or "desc") for part in filters["sort"].split(",")]
    names = {"display_name": "name", "size": "size_gib"}
    sort = [(names.get(key, key), way) for key, way in sort]
    query = select_volumes(context, filters).offset(filters.get("offset"))
    return listing.page(session, query, Volume, limit=filters.get("limit"), marker=filters.get("marker"), sort=sort)


def show(session: Session, context: Context, volume_id: str, lock: bool = False) -> Volume:
    """The volume if the caller may see it; raises NotFound."""
    return visibility.get_visible(session, context, Volume, volume_id, "Volume", lock=lock)


def update(session: Session, context: Context, volume_id: str, attributes: Mapping[str, Any]) -> Volume:
    """Set name, description or metadata (whole)."""
    volume = show(session, context, volume_id)
    for name, value in attributes.items():
        setattr(volume, name, value)
    session.commit()
    return volume


def delete(session: Session, context: Context, volume_id: str) -> None:
    """Begin to delete a volume that no server has; it is gone when the storage node has removed it."""
    volume = show(session, context, volume_id, lock=True)
    if volume.status not in DELETABLE or volume.attachments:
        raise InvalidInput(
            f"Invalid volume: Volume status must be {' or '.join(DELETABLE)} and it must not be attached "
            f"(it is {volume.status})."
        )
    volume.status = lifecycle.VOLUME.step(
        "available" if volume.status == "error_deleting" else volume.status, "deleting"
    )
    _enqueue_delete(session, volume, context)
    session.commit()


def delete_with_server(session: Session, volume: Volume) -> None:
    """Queue the removal of a volume that was to go with its server, in the caller's transaction."""
    volume.enter("deleting")
    _enqueue_delete(session, volume, None)


def _enqueue_delete(session: Session, volume: Volume, context: Context | None) -> None:
    nodes = {"storage": volume.node}
    operations.enqueue(
        session, "volume_delete", "volume", volume.id, context=context, project_id=volume.project_id, nodes=nodes
    )


def create_item(session: Session, volume_id: str) -> dict[str, Any] | None:
    """The item of `volume_create`; None when the volume is no longer waiting to be made."""
    volume = session.get(Volume, volume_id)
    if volume is None or volume.status != "creating":
        return None
    image = session.get(images.Image, volume.image_id) if volume.image_id else None
    source = images.delivery(session, image) if image else None
    return {"id": volume.id, "size_gib": volume.size_gib, "image": source}


def created(session: Session, volume_id: str) -> None:
    """The storage node has made the volume."""
    volume = session.get(Volume, volume_id)
    if volume is not None and volume.status == "creating":
        volume.enter("available")
        volume.fault = None


def not_created(session: Session, volume_id: str, reason: str) -> None:
    """The volume could not be made and nothing of it is left but the row, which can be deleted."""
    volume = session.get(Volume, volume_id)
    if volume is not None and volume.status == "creating":
        volume.enter("error")
        volume.fault = reason


def deleted(session: Session, volume_id: str) -> None:
    """Nothing of the volume is left."""
    volume = session.get(Volume, volume_id)
    if volume is not None and volume.status == "deleting":
        session.delete(volume)


def not_deleted(session: Session, volume_id: str, reason: str) -> None:
    """The volume could not be removed; the deletion can be asked for again."""
    volume = session.get(Volume, volume_id)
    if volume is not None and volume.status == "deleting":
        volume.enter("error_deleting")
        volume.fault = reason
