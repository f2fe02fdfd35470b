"""Images: their records, their files, and how nodes get at them."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tenrec_api import apis
from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from tenrec_api.models.base import now
from tenrec_api.models.identity import User
from tenrec_api.models.image import Image
from tenrec_api.services import listing, operations, rehearsals
from tenrec_api.services.identity import tokens
from tenrec_api.services.identity.bootstrap import WORKER

GONE = ("pending_delete", "deleted")
CHUNK_BYTES = 1024 * 1024
# What arrives is read in smaller pieces, so that a slow client is seen to be alive; see services.stranded.
ARRIVING_BYTES = 64 * 1024
SIGN_OF_LIFE_SECONDS = 30.0
IMPORT_TIMEOUT_SECONDS = 600
# Under this name a session keeps the token that it delivers images with.
FOR_DELIVERY = "tenrec.for_delivery"
# As long as the longest run that fetches an image may take.
DELIVERY_TOKEN_LIFETIME = timedelta(hours=1)


def create(session: Session, context: Context, attributes: dict[str, Any]) -> Image:
    """A new record, still without a file. Raises Conflict when the id is taken, Forbidden for a public image of a
    member.
    """
    owner = attributes.pop("owner", None) or context.project_id
    if owner != context.project_id and not context.is_admin:
        raise Forbidden("Only an administrator may make an image for another project.")
    _check_visibility(context, attributes.get("visibility"))
    if "id" in attributes:
        attributes["id"] = str(attributes["id"])
        if session.get(Image, attributes["id"]) is not None:
            raise Conflict(f"There is an image with the id {attributes['id']} already.")
    image = Image(project_id=owner, **attributes)
    session.add(image)
    session.commit()
    return image


def find(session: Session, context: Context, filters: dict[str, Any]) -> tuple[list[Image], bool]:
    """A page of the images that the caller may use, and whether there are more."""
    query = select(Image).where(Image.status.not_in(GONE), Image.hidden == filters.get("os_hidden", False))
    visibility = filters.get("visibility")
    if not (context.is_admin and visibility in (None, "all")):
        seen = [Image.project_id == context.project_id, Image.visibility == "public"]
        if visibility in ("community", "all"):
            seen.append(Image.visibility == "community")
        query = query.where(or_(*seen))
    if visibility not in (None, "all"):
        query = query.where(Image.visibility == visibility)
    for key in ("name", "id", "status", "disk_format", "container_format"):
        if key in filters:
            given = filters[key]
            values = given[3:].split(",") if given.startswith("in:") else [given]
            query = query.where(getattr(Image, key).in_(values))
    if "owner" in filters:
        query = query.where(Image.project_id == filters["owner"])
    if "protected" in filters:
        query = query.where(Image.protected == filters["protected"])
    if "size_min" in filters:
        query = query.where(Image.size >= filters["size_min"])
    if "size_max" in filters:
        query = query.where(Image.size <= filters["size_max"])
    if "sort" in filters:
        sort = [(part.partition(":")[0], part.partition(":")[2] or "desc") for part in filters["sort"].split(",")]
    else:
        sort = listing.sort_of(filters)
    wanted = set(filters.get("tag") or ())
    if not wanted:
        return listing.page(session, query, Image, limit=filters.get("limit"), marker=filters.get("marker"), sort=sort)
    # Tags are a JSON list in the row, on which the two databases have no common operator.
    rows, _ = listing.page(session, query, Image, marker=filters.get("marker"), sort=sort)
    return [image for image in rows if wanted <= set(image.tags)], False


def show(session: Session, context: Context, image_id: str) -> Image:
    """The image if the caller may use it; raises NotFound."""
    image = session.get(Image, image_id)
    usable = image is not None and image.status not in GONE
    own = usable and (context.owns(image.project_id) or context.is_admin or context.has_role("service"))
    if not own and not (usable and image.visibility in ("public", "community")):
        raise NotFound(f"No image found with ID {image_id[:80]}.")
    return image


def show_own(session: Session, context: Context, image_id: str) -> Image:
    """The image if the caller may change it; raises NotFound, or Forbidden for one that it may only use."""
    image = show(session, context, image_id)
    if not (context.is_admin or context.owns(image.project_id)):
        raise Forbidden(f"The image {image_id} belongs to another project; you may use it and not change it.")
    return image


def update(session: Session, context: Context, image: Image, attributes: dict[str, Any]) -> Image:
    """Set `attributes` (with ``properties`` whole) on an image that the caller may change."""
    if attributes.get("visibility", image.visibility) != image.visibility:
        _check_visibility(context, attributes["visibility"])
    if image.status != "queued":
        fixed = [
            key
            for key in ("disk_format", "container_format")
            if attributes.get(key, getattr(image, key)) != getattr(image, key)
        ]
        if fixed:
            raise Forbidden(
                f"The attribute {fixed[0]} cannot be changed once the image has data (status {image.status})."
            )
    owner = attributes.pop("owner", image.project_id)
    if owner != image.project_id:
        if not context.is_admin or owner is None:
            raise Forbidden("Only an administrator may give an image to another project.")
        image.project_id = owner
    for name, value in attributes.items():
        setattr(image, name, value)
    session.commit()
    return image


def delete(session: Session, context: Context, image_id: str) -> None:
    """Take an image out of sight at once; its file and the nodes' copies go with the operation `image_delete`."""
    image = show_own(session, context, image_id)
    if image.protected:
        raise Forbidden(f"Image {image_id} is protected and cannot be deleted.")
    image.enter("pending_delete" if image.status != "queued" else "deleted")
    operations.enqueue(session, "image_delete", "image", image.id, context=context)
    session.commit()


def upload(session: Session, context: Context, image_id: str, stream: BinaryIO) -> Image:
    """Keep `stream` as the image's file, have it inspected, and return the image once it is active.

    Raises Conflict when it has data already, TooLarge, and InvalidInput when the inspection refuses it: the declared
    format is not the real one, or the file names another file. A refused file is gone and the image is killed.
    """
    image = show_own(session, context, image_id)
    if image.disk_format is None or image.container_format is None:
        raise InvalidInput("Set disk_format and container_format before the upload.")
    if image.status != "queued":
        raise Conflict(f"Image {image_id} is {image.status}; only a queued image takes data.")
    image.enter("saving")
    session.commit()
    limit = session.info["settings"].images.max_bytes
    checks = f"that the data has at most {limit} bytes, is {image.disk_format} indeed, and names no other file"
    if rehearsals.stop_here(session, f"The data was not read. The real request checks {checks}."):
        return image
    path = file_of(session, image)

    def alive() -> None:
        image.updated_at = now()
        session.commit()

    try:
        _receive(stream, path, limit, alive)
    except BaseException:
        # The client went away, the disk is full, or the file is too large: the image can be uploaded again.
        image.enter("queued")
        session.commit()
        raise
    image = session.get(Image, image_id, populate_existing=True)
    if image is None or image.status != "saving":
        path.unlink(missing_ok=True)
        raise Conflict(f"The upload of image {image_id} was given up: the image was deleted, or no data came for long.")
    operation = operations.enqueue(session, "image_import", "image", image.id, context=context)
    session.commit()
    ended = operations.wait(session, operation.id, IMPORT_TIMEOUT_SECONDS)
    session.refresh(image)
    if image.status != "active":
        path.unlink(missing_ok=True)
        raise InvalidInput(f"The image was refused: {ended.reason or image.status} (task: {ended.failed_task}).")
    return image


def _receive(stream: BinaryIO, path: Path, limit: int, alive: Callable[[], None]) -> None:
    """Write `stream` to `path` under a temporary name, then give it its own: a half file is never seen under it.

    `alive` is called now and then for as long as data comes.
    """
    part = path.with_name(f".{path.name}.part")
    received, told = 0, time.monotonic()
    try:
        with part.open("wb") as file:
            while chunk := stream.read(ARRIVING_BYTES):
                if time.monotonic() - told > SIGN_OF_LIFE_SECONDS:
                    alive()
                    told = time.monotonic()
                received += len(chunk)
                if received > limit:
                    raise TooLarge(f"An image may have at most {limit} bytes.")
                file.write(chunk)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(session: Session, image: Image) -> Iterator[bytes]:
    """The image's data in pieces; raises NotFound when it has none, or not all of it."""
    if image.status != "active":
        raise NotFound(f"Image {image.id} has no data yet (status {image.status}).")
    path = file_of(session, image)
    if not path.is_file() or path.stat().st_size != image.size:
        raise NotFound(f"The data of image {image.id} is damaged: it is not the {image.size} bytes that were uploaded.")

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    return pieces()


def file_of(session: Session, image: Image) -> Path:
    """Where the image's file is on the controller."""
    return Path(session.info["settings"].images.directory) / image.id


def delivery(session: Session, image: Image) -> dict[str, Any]:
    """How a node fetches the image: the ``image`` part of a playbook's item, with a short-lived token of the service
    `worker`.
    """
    # One for all images that are delivered in this session: the servers of a burst.
    if FOR_DELIVERY not in session.info:
        session.info[FOR_DELIVERY] = _delivery_token(session)
    token = session.info[FOR_DELIVERY]
    url = f"{session.info['settings'].api.public_url}{apis.IMAGE.root}/images/{image.id}/file"
    return {"id": image.id, "disk_format": image.disk_format, "sha512": image.sha512, "url": url, "token": token}


def _delivery_token(session: Session) -> str:
    worker = session.scalars(select(User).where(User.domain_id == "default", User.name == WORKER)).one()
    scope = tokens.Scope(project_id=worker.default_project_id)
    expires_at = now() + DELIVERY_TOKEN_LIFETIME
    token, _ = tokens.issue(session, session.info["token_store"], worker, scope, ["internal"], expires_at)
    return token


def _check_visibility(context: Context, visibility: str | None) -> None:
    if visibility == "public" and not context.is_admin:
        raise Forbidden("Only an administrator may make an image public; valid for you: private, shared, community.")
