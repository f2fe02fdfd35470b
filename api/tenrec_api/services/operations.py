"""Operations: hand work to the worker, wait for it, show it, cancel it, try it again."""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, NotFound, Unavailable
from tenrec_api.models.base import now
from tenrec_api.models.operation import FAILED, QUEUED, RUNNING, Operation
from tenrec_api.services.doorbell import WORK_WAITS

# A waiting request looks this often: quickly at first, because most runs are short.
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.05, 0.5

# The parameter of an operation that sets right what exists already: if it fails, nothing is undone.
REPAIR = "repair"

# What cannot be tried again by itself, because its resource gave up with it, and what to do instead.
GIVEN_UP = {
    "image_import": "what was uploaded is gone; upload it again",
    "server_migrate": "the server has given up its place on the other host; ask for the move again",
    "server_migrate_undo": "it belongs to a move; ask for the move again",
    "server_create": "the server has given up its place on the host; delete it and create another",
    "volume_attach": "the volume was given back; attach it again",
    "volume_create": "the volume was given up; delete it and create another",
    "volume_delete": "the volume is not being deleted any more; delete it again",
    "volume_detach": "the volume stays in use; detach it again",
}


def enqueue(
    session: Session,
    kind: str,
    resource_type: str,
    resource_id: str,
    *,
    context: Context | None = None,
    project_id: str | None = None,
    exclusive: Iterable[str] | None = None,
    shared: Iterable[str] = (),
    nodes: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    deadline: int | None = None,
    max_attempts: int = 5,
) -> Operation:
    """Add an operation to the caller's transaction; the workers are told when it commits.

    `kind` names the playbook and the workflow. The operation waits for every earlier one that touches a resource of
    `exclusive` (default: the resource itself), and for every earlier one that touches a resource of `shared`
    exclusively. `nodes` names the hosts of the plays (``compute``, ``storage``); `parameters` is the workflow's own
    and must be JSON; `deadline` is in seconds, None: the workflow's. The session is flushed, so `operation.id` is set.
    """
    touched = dict.fromkeys(shared, False)
    touched.update(dict.fromkeys(exclusive if exclusive is not None else (resource_id,), True))
    operation = Operation(
        kind=kind,
        resource_type=resource_type,
        resource_id=resource_id,
        project_id=project_id or (context.project_id if context else None),
        user_id=context.user_id if context else None,
        request_id=context.request_id if context else None,
        nodes=dict(nodes or {}),
        parameters=dict(parameters or {}),
        deadline_seconds=deadline,
        max_attempts=max_attempts,
        touched=touched,
        status=QUEUED,
    )
    session.add(operation)
    session.flush()
    session.info[WORK_WAITS] = True
    return operation


def wait(session: Session, operation_id: str, timeout: float) -> Operation:
    """Wait until the operation has ended and return it, whatever its end; call it after the commit.

    Every look is a transaction of its own. Raises Unavailable after `timeout` seconds, NotFound when there is no such
    operation, ValueError when the session holds changes that are not committed.
    """
    if session.new or session.dirty or session.deleted:
        raise ValueError("wait() was called before the commit: the worker cannot see the operation.")
    until = time.monotonic() + timeout
    pause = FIRST_LOOK_SECONDS
    while True:
        session.commit()
        operation = session.scalars(
            select(Operation).where(Operation.id == operation_id), execution_options={"populate_existing": True}
        ).first()
        if operation is None:
            raise NotFound(f"Operation {operation_id} could not be found.")
        if operation.finished:
            return operation
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise Unavailable(
                f"The {operation.kind} did not end within {timeout:g} seconds; it goes on (operation {operation_id})."
            )
        session.commit()
        time.sleep(min(pause, remaining))
        pause = min(pause * 1.5, LAST_LOOK_SECONDS)


def show(session: Session, operation_id: str) -> Operation:
    """The operation; raises NotFound."""
    operation = session.scalars(select(Operation).where(Operation.id == operation_id)).first()
    if operation is None:
        raise NotFound(f"Operation {operation_id[:80]} could not be found.")
    return operation


def listing(
    session: Session,
    *,
    status: str | None = None,
    kind: str | None = None,
    resource_id: str | None = None,
    project_id: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Operation]:
    """Operations, latest first: those asked for at `since` (UTC) or later, if it is given.

    `before` is the `sequence` of the last one of the page before.
    """
    query = select(Operation).order_by(Operation.sequence.desc()).limit(limit)
    wanted = {"status": status, "kind": kind, "resource_id": resource_id, "project_id": project_id}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(getattr(Operation, column) == value)
    if since is not None:
        query = query.where(Operation.created_at >= since)
    if before is not None:
        query = query.where(Operation.sequence < before)
    return list(session.scalars(query))


def cancel(session: Session, operation_id: str) -> Operation:
    """Ask that the operation end as cancelled; commits.

    The worker does it, because the resource has to be told: one that waits is never run, a run is stopped and what it
    made is removed. Raises NotFound, and Conflict for one that has ended.
    """
    asked = session.execute(
        update(Operation)
        .where(Operation.id == operation_id, Operation.status.in_((QUEUED, RUNNING)))
        .values(cancel_requested=True, not_before=None)
    )
    operation = show(session, operation_id)
    if not asked.rowcount:
        session.rollback()
        raise Conflict(f"Operation {operation_id} is {operation.status}; only an unfinished one can be cancelled.")
    session.info[WORK_WAITS] = True
    session.commit()
    session.refresh(operation)
    return operation


def retry(session: Session, operation_id: str) -> Operation:
    """Queue the work of a failed operation once more, as a new operation in its name and place; commits.

    Raises NotFound, and Conflict for one that did not fail, or whose resource has given up what it needs.
    """
    failed = show(session, operation_id)
    if failed.status != FAILED:
        raise Conflict(f"Operation {operation_id} is {failed.status}; only a failed one can be tried again.")
    if failed.kind in GIVEN_UP and not failed.parameters.get(REPAIR):
        raise Conflict(f"A failed {failed.kind} cannot be tried again: {GIVEN_UP[failed.kind]}.")
    again = enqueue(
        session,
        failed.kind,
        failed.resource_type,
        failed.resource_id,
        project_id=failed.project_id,
        exclusive=[resource for resource, exclusive in failed.touched.items() if exclusive],
        shared=[resource for resource, exclusive in failed.touched.items() if not exclusive],
        nodes=failed.nodes,
        parameters=failed.parameters,
        deadline=failed.deadline_seconds,
        max_attempts=failed.max_attempts,
    )
    again.user_id, again.request_id = failed.user_id, failed.request_id
    session.commit()
    return again


def end(session: Session, operation: Operation, status: str, **outcome: Any) -> None:
    """Record how the operation ended, in the caller's transaction, and let those go on that wait for its resources."""
    operation.enter(status)
    for name, value in outcome.items():
        setattr(operation, name, value)
    operation.finished_at = now()
    operation.lease_owner = operation.lease_expires_at = operation.not_before = None
    session.info[WORK_WAITS] = True
