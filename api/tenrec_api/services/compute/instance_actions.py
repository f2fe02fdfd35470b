"""The history of a server: what was asked, by whom, and how it ended."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import NotFound
from tenrec_api.models.base import now
from tenrec_api.models.instance_action import ERROR, SUCCESS, InstanceAction
from tenrec_api.models.server import Server
from tenrec_api.services.visibility import get_visible

MESSAGE = "Error"


def begin(session: Session, context: Context, server: Server, action: str, event: str | None = None) -> InstanceAction:
    """Note that `action` was asked for, in the caller's transaction.

    `event`: the run that does it; without one it is done.
    """
    row = InstanceAction(
        server_id=server.id,
        action=action,
        event=event,
        request_id=context.request_id,
        project_id=context.project_id,
        user_id=context.user_id,
        started_at=now(),
    )
    if event is None:
        row.finished_at, row.result = row.started_at, SUCCESS
    session.add(row)
    session.flush()
    return row


def preload(session: Session, action_ids: Iterable[int | None]) -> None:
    """Read many actions into `session` at once."""
    session.scalars(select(InstanceAction).where(InstanceAction.id.in_([each for each in action_ids if each]))).all()


def succeed(session: Session, action_id: int | None, host: str | None) -> None:
    """Note that the action's run ended well."""
    row = session.get(InstanceAction, action_id) if action_id is not None else None
    if row is not None:
        row.result, row.finished_at, row.host = SUCCESS, now(), host


def fail(session: Session, action_id: int | None, *, task: str, host: str, details: str) -> None:
    """Note which task of the action's run failed, on which host and why."""
    row = session.get(InstanceAction, action_id) if action_id is not None else None
    if row is not None:
        row.result, row.finished_at, row.message = ERROR, now(), MESSAGE
        row.task, row.host, row.details = task[:255], host[:255], details


def abandon(session: Session, server_id: str, *, task: str, details: str) -> None:
    """Note of every action of the server that has no end that it failed."""
    unended = select(InstanceAction).where(InstanceAction.server_id == server_id, InstanceAction.finished_at.is_(None))
    for row in session.scalars(unended):
        fail(session, row.id, task=task, host="", details=details)


def listing(session: Session, context: Context, server_id: str) -> list[InstanceAction]:
    """The server's actions, latest first, also of a deleted one. Raises NotFound."""
    get_visible(session, context, Server, server_id, "Instance")
    query = select(InstanceAction).where(InstanceAction.server_id == server_id).order_by(InstanceAction.id.desc())
    return list(session.scalars(query.limit(1000)))


def show(session: Session, context: Context, server_id: str, request_id: str) -> InstanceAction:
    """The action of that request; raises NotFound."""
    get_visible(session, context, Server, server_id, "Instance")
    query = select(InstanceAction).where(InstanceAction.server_id == server_id, InstanceAction.request_id == request_id)
    row = session.scalars(query.order_by(InstanceAction.id.desc())).first()
    if row is None:
        raise NotFound(f"Action for request_id {request_id[:80]} on instance {server_id} not found")
    return row
