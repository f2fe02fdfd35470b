"""The history of playbook runs: note one, list those of an operation, forget old ones."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import NotFound
from tenrec_api.models.operation import Operation
from tenrec_api.models.run import Run, RunOperation


def note(session: Session, run: Run, operations: Sequence[Operation]) -> None:
    """Add a run that was for these operations, in the caller's transaction: two statements, however many they are."""
    session.add(run)
    session.flush()
    session.execute(insert(RunOperation), [{"run_id": run.id, "operation_id": each.id} for each in operations])


def of_operation(session: Session, operation_id: str) -> list[Run]:
    """The runs that an operation had, first to last; [] when it had none (yet)."""
    query = select(Run).join(RunOperation, RunOperation.run_id == Run.id)
    return list(session.scalars(query.where(RunOperation.operation_id == operation_id).order_by(Run.number)))


def find(session: Session, identity: str) -> Run:
    """The run of that id, or the last one that carried out the operation of that id. Raises NotFound.

    What was run to remove what an operation made is not meant by the operation's id, only by its own.
    """
    run = session.scalars(select(Run).where(Run.id == identity)).first()
    if run is None:
        query = (
            select(Run)
            .join(RunOperation, RunOperation.run_id == Run.id)
            .join(Operation, (Operation.id == RunOperation.operation_id) & (Operation.kind == Run.kind))
            .where(Operation.id == identity)
        )
        run = session.scalars(query.order_by(Run.number.desc()).limit(1)).first()
    if run is None:
        raise NotFound(f"There is no run {identity[:80]}, and no operation of that id that had one.")
    return run


def operations_of(session: Session, run: Run) -> list[Operation]:
    """The operations that the run was for, as far as they are kept."""
    query = select(Operation).join(RunOperation, RunOperation.operation_id == Operation.id)
    return list(session.scalars(query.where(RunOperation.run_id == run.id).order_by(Operation.sequence)))


def forget(session: Session, before: datetime, most: int) -> int:
    """Delete runs that began before that moment, at most so many, in the caller's transaction; returns how many."""
    old = list(session.scalars(select(Run.id).where(Run.started_at < before).order_by(Run.number).limit(most)))
    session.execute(delete(RunOperation).where(RunOperation.run_id.in_(old)))
    session.execute(delete(Run).where(Run.id.in_(old)))
    return len(old)
