"""Queueing a playbook once for several changes that come before it has begun.

A playbook is given the resource as it is when the run begins, not as it was when the operation was queued. So four
rules added in a row need one run, and so do a network and the subnet that follows it.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.models.operation import QUEUED, Operation
from tenrec_api.services import operations


def enqueue_once(
    session: Session,
    context: Context | None,
    kind: str,
    resource_type: str,
    resource_id: str,
    project_id: str,
    shared: Iterable[str] = (),
) -> Operation:
    """The queued operation that will bring this change, or a new one; not committed.

    A queued one will do when it waits for all of `shared` already. Its row stays locked until the change is committed:
    no worker can take it and read the resource without the change. One that a worker is just taking is passed over.
    """
    wanted = set(shared) - {resource_id}
    query = select(Operation).where(
        Operation.kind == kind,
        Operation.resource_id == resource_id,
        Operation.status == QUEUED,
        Operation.attempts == 0,
        Operation.cancel_requested.is_(False),
    )
    session.flush()
    for operation in session.scalars(query.order_by(Operation.sequence.desc()).with_for_update(skip_locked=True)):
        if wanted <= operation.touched.keys():
            return operation
    return operations.enqueue(
        session, kind, resource_type, resource_id, context=context, project_id=project_id, shared=wanted
    )
