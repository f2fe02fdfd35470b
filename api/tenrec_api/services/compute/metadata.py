"""The metadata of a server: names and values of its owner's."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Forbidden, NotFound
from tenrec_api.models.server import Server
from tenrec_api.services.compute import quotas, servers


def replace(session: Session, context: Context, server_id: str, metadata: Mapping[str, str]) -> Server:
    """Set the whole metadata; commits. Raises Forbidden beyond the quota."""
    return _store(session, context, servers.find_unlocked(session, context, server_id), dict(metadata))


def merge(session: Session, context: Context, server_id: str, metadata: Mapping[str, str]) -> Server:
    """Add or replace some; commits."""
    server = servers.find_unlocked(session, context, server_id)
    return _store(session, context, server, {**server.details, **metadata})


def item(server: Server, key: str) -> str:
    """One value; raises NotFound."""
    if key not in server.details:
        raise NotFound(f"Metadata item {key[:80]} was not found")
    return server.details[key]


def delete(session: Session, context: Context, server_id: str, key: str) -> None:
    """Remove one; commits. Raises NotFound."""
    server = servers.find_unlocked(session, context, server_id)
    item(server, key)
    _store(session, context, server, {name: value for name, value in server.details.items() if name != key})


def _store(session: Session, context: Context, server: Server, metadata: dict[str, str]) -> Server:
    check(session, server.project_id, metadata)
    server.details = metadata
    session.commit()
    return server


def check(session: Session, project_id: str, metadata: Mapping[str, str]) -> None:
    """Raise Forbidden when there are more entries than the project's quota allows."""
    if not metadata:
        return
    limit = quotas.limits(session, project_id)["metadata_items"]
    if limit != quotas.UNLIMITED and len(metadata) > limit:
        raise Forbidden(f"Maximum number of metadata items exceeds {limit}.")
