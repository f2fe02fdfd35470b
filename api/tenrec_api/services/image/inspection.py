"""What becomes of an image's data after the run that inspected or removed it. Called by the worker."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.image import Image
from tenrec_api.services.image import images


def item(session: Session, image_id: str) -> dict[str, Any] | None:
    """The playbook's item; None when the image is no longer waiting for its inspection."""
    image = session.get(Image, image_id)
    if image is None or image.status != "saving":
        return None
    return {"id": image.id, "path": str(images.file_of(session, image)), "disk_format": image.disk_format}


def accept(session: Session, image_id: str, facts: Mapping[str, Any]) -> None:
    """The data is what it claims to be: note its sizes (bytes) and hashes, and let the image be used."""
    image = session.get(Image, image_id)
    if image is None or image.status != "saving":
        return
    for name in ("size", "virtual_size", "sha512", "md5"):
        setattr(image, name, facts[name])
    image.fault = None
    image.enter("active")


def refuse(session: Session, image_id: str, reason: str) -> None:
    """The data was refused: the record says why. Whoever received the data takes it away."""
    image = session.get(Image, image_id)
    if image is None or image.status != "saving":
        return
    image.fault = reason
    image.enter("killed")


def forget(session: Session, image_id: str) -> None:
    """The run has removed the file and its copies: remove the record."""
    image = session.get(Image, image_id)
    if image is not None and image.status in images.GONE:
        session.delete(image)
