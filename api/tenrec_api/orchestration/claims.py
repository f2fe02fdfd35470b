"""Which operations a worker has: claiming, holding and giving back. All of it is in the operations' rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, Row, Select, func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.models.base import now
from tenrec_api.models.operation import QUEUED, RUNNING, UNFINISHED, Operation
from tenrec_api.orchestration.workflows.base import Workflow

# How much of the queue is read at a time: several of the largest batches.
WINDOW = 300
# What a look at the queue reads; not the parameters, which may be large.
COLUMNS = (
    Operation.sequence,
    Operation.kind,
    Operation.status,
    Operation.resource_id,
    Operation.nodes,
    Operation.touched,
    Operation.attempts,
    Operation.alone,
    Operation.cancel_requested,
    Operation.not_before,
    Operation.lease_expires_at,
)
LOCK_NAME = "tenrec.claim"
LOCK_SECONDS = 2


class Claims:
    """The operations of one worker process, known in the rows as `owner` (unique among all workers ever)."""

    def __init__(self, sessions: sessionmaker[Session], owner: str, lease_seconds: int):
        self._sessions = sessions
        self.owner = owner
        self._lease = timedelta(seconds=lease_seconds)

    def claim(self, workflows: Mapping[str, Workflow], under_way: Collection[int] = ()) -> list[Operation]:
        """Take the oldest operation that may run now, and with it others of its kind for the same nodes; [] when none.

        `under_way`: sequences that this process is carrying out and does not take again, although their leases may have
        run out while the database was away.
        Those returned are running, ours, and committed; they are detached from any session.
        """
        with self._sessions() as session:
            if not _waiting(session):
                return []
        with self._one_at_a_time() as connection:
            if connection is None:
                return []
            with self._sessions(bind=connection) as session:
                chosen = _batch(session, workflows, under_way)
                if not chosen:
                    return []
                taken = list(session.scalars(_locked([each.sequence for each in chosen])))
                for operation in taken:
                    operation.enter(RUNNING)
                    operation.attempts += 1
                    operation.started_at = operation.started_at or now()
                    operation.lease_owner = self.owner
                    operation.lease_expires_at = now() + self._lease
                session.commit()
                return taken

    @contextmanager
    def _one_at_a_time(self) -> Iterator[Connection | None]:
        """A connection on which this process alone is claiming; None when another one took too long.

        Row locks do not do: two workers that see different queues for a moment, because a transaction committed between
        their looks, could take two operations that must not run side by side.
        """
        with self._sessions.kw["bind"].connect() as connection:
            if connection.dialect.name not in ("mysql", "mariadb"):
                yield connection
                return
            got = connection.scalar(select(func.get_lock(LOCK_NAME, LOCK_SECONDS)))
            connection.commit()
            try:
                yield connection if got else None
            finally:
                if got:
                    connection.rollback()
                    connection.execute(select(func.release_lock(LOCK_NAME)))
                    connection.commit()

    def renew(self, sequences: Iterable[int]) -> dict[int, bool]:
        """Hold those of `sequences` that are still ours for another while; returns them: is their end asked for?"""
        with self._sessions() as session:
            ours = (
                Operation.sequence.in_(list(sequences)),
                Operation.lease_owner == self.owner,
                Operation.status == RUNNING,
            )
            session.execute(update(Operation).where(*ours).values(lease_expires_at=now() + self._lease))
            session.commit()
            return dict(session.execute(select(Operation.sequence, Operation.cancel_requested).where(*ours)).all())

    def hold(self, session: Session, sequence: int) -> Operation | None:
        """Lock the operation's row in `session`; None when it is not ours any more."""
        return next(iter(self.hold_all(session, [sequence])), None)

    def hold_all(self, session: Session, sequences: Sequence[int]) -> list[Operation]:
        """Lock the rows of those that are still ours, and return these in their order."""
        query = select(Operation).where(
            Operation.sequence.in_(sequences), Operation.lease_owner == self.owner, Operation.status == RUNNING
        )
        query = query.order_by(Operation.sequence).with_for_update()
        return list(session.scalars(query, execution_options={"populate_existing": True}))

    def give_back(
        self, session: Session, sequence: int, *, alone: bool = False, pause: float = 0.0, counted: bool = False
    ) -> None:
        """Queue it again: `pause` seconds from now, by itself if `alone`; the attempt counts only if `counted`.

        In the caller's transaction; nothing happens when it is not ours any more.
        """
        operation = self.hold(session, sequence)
        if operation is None:
            return
        operation.enter(QUEUED)
        operation.lease_owner = operation.lease_expires_at = None
        operation.not_before = now() + timedelta(seconds=pause) if pause else None
        operation.alone = operation.alone or alone
        if not counted:
            operation.attempts -= 1

    def inherit(self, host: str) -> int:
        """Let go of what an earlier worker of this host held; returns how many operations. For the start of a worker
        that knows itself the only one of `host`: what died with its process need not wait for the lease to run out."""
        with self._sessions() as session:
            left = session.execute(
                update(Operation)
                .where(Operation.status == RUNNING, Operation.lease_owner.startswith(f"{host}/", autoescape=True))
                .values(lease_expires_at=now())
            )
            session.commit()
            return left.rowcount


def _waiting(session: Session) -> bool:
    """Whether there is anything to look at: the one question of an idle worker."""
    return session.scalar(select(Operation.sequence).where(Operation.status.in_(UNFINISHED)).limit(1)) is not None


def _claimable(session: Session, under_way: Collection[int]) -> Iterator[list[Row]]:
    """The operations that may run now, oldest first, a part of the queue at a time.

    One may run when its pause is over and no other that touches a resource of its own, exclusively on either side,
    runs already or is older and unfinished. One whose worker is gone may always run: it once passed this test.
    """
    present = now()
    running = session.execute(select(*COLUMNS).where(Operation.status == RUNNING).order_by(Operation.sequence)).all()
    lost = (each for each in running if each.lease_expires_at is None or each.lease_expires_at <= present)
    orphans = [each for each in lost if each.sequence not in under_way]
    in_the_way = Touched()
    for each in running:
        in_the_way.add(each.touched)
    if orphans:
        yield orphans
    last = 0
    while part := _queued_after(session, last):
        free = []
        for each in part:
            if (each.not_before is None or each.not_before <= present) and not in_the_way.conflicts(each.touched):
                free.append(each)
            # Whether it may run or not: what is younger comes after it.
            in_the_way.add(each.touched)
        if free:
            yield free
        last = part[-1].sequence


def _queued_after(session: Session, sequence: int) -> Sequence[Row]:
    query = select(*COLUMNS).where(Operation.status == QUEUED, Operation.sequence > sequence)
    return session.execute(query.order_by(Operation.sequence).limit(WINDOW)).all()


class Touched:
    """Resources that some operations touch, and how."""

    def __init__(self) -> None:
        self._exclusively: set[str] = set()
        self._at_all: set[str] = set()

    def add(self, touched: Mapping[str, bool]) -> None:
        """Take in what one more operation touches: {resource id: exclusively?}."""
        self._at_all.update(touched)
        self._exclusively.update(resource for resource, exclusive in touched.items() if exclusive)

    def conflicts(self, touched: Mapping[str, bool]) -> bool:
        """Whether an operation that touches `touched` has to wait for one of these."""
        return any(
            resource in (self._at_all if exclusive else self._exclusively) for resource, exclusive in touched.items()
        )


def _locked(sequences: list[int]) -> Select[tuple[Operation]]:
    """Those of `sequences` that are still to be had, locked; rows that a request is changing right now are left out."""
    present = now()
    return (
        select(Operation)
        .where(
            Operation.sequence.in_(sequences),
            or_(Operation.status == QUEUED, (Operation.status == RUNNING) & (Operation.lease_expires_at <= present)),
        )
        .order_by(Operation.sequence)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def _batch(session: Session, workflows: Mapping[str, Workflow], under_way: Collection[int]) -> list[Row]:
    """The oldest operation that may run, and those that may run with it."""
    candidates = next(_claimable(session, under_way), [])
    if not candidates:
        return []
    first = candidates[0]
    if _by_itself(first) or first.kind not in workflows:
        return [first]
    size = workflows[first.kind].batch
    chosen: dict[str, Row] = {}
    for each in candidates:
        if (each.kind, each.nodes) == (first.kind, first.nodes) and not _by_itself(each) and len(chosen) < size:
            # Two for one resource would be two items with one id, and the results could not be told apart.
            chosen.setdefault(each.resource_id, each)
    return list(chosen.values())


def _by_itself(operation: Row) -> bool:
    # One that has lost its worker twice may be the reason for it.
    lost = operation.status == RUNNING and operation.attempts > 1
    return operation.alone or operation.cancel_requested or lost
