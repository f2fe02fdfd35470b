"""The numbers by which an operator sees how the cloud is doing. Each is a query at the moment of asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tenrec_api.models.base import now
from tenrec_api.models.finding import Finding
from tenrec_api.models.operation import QUEUED, Operation
from tenrec_api.models.run import Run
from tenrec_api.services.drift import findings

# How far back the numbers of runs go: long enough for a quiet cloud, short enough to tell a bad hour.
RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class RunTimes:
    """Runs of one playbook within `RECENT`: how many, how long together and at most, in seconds."""

    kind: str
    status: str
    count: int
    total: float
    longest: float


@dataclass(frozen=True)
class Metrics:
    """`findings`: counts by noun and problem. `operations`: counts by kind and status, as far as they are kept.

    `oldest_queued_seconds`: 0 when nothing waits. `reconciled_seconds_ago`: None when there was no comparison yet.
    """

    findings: dict[tuple[str, str], int]
    operations: dict[tuple[str, str], int]
    runs: list[RunTimes]
    oldest_queued_seconds: float
    reconciled_seconds_ago: float | None


def collect(session: Session) -> Metrics:
    """The numbers as they are now."""
    oldest = session.scalar(select(func.min(Operation.created_at)).where(Operation.status == QUEUED))
    by_problem = (Finding.resource_type, Finding.problem)
    by_status = (Operation.kind, Operation.status)
    by_kind = (Run.kind, Run.status)
    times = (func.count(), func.sum(Run.seconds), func.max(Run.seconds))
    recent = select(*by_kind, *times).where(Run.started_at >= now() - RECENT).group_by(*by_kind)
    compared = findings.last(session)
    return Metrics(
        findings=_counts(session, *by_problem),
        operations=_counts(session, *by_status),
        runs=[RunTimes(*row) for row in session.execute(recent)],
        oldest_queued_seconds=_age(oldest) if oldest else 0.0,
        reconciled_seconds_ago=_age(compared) if compared else None,
    )


def _counts(session: Session, *columns) -> dict[tuple[str, str], int]:
    query = select(*columns, func.count()).group_by(*columns)
    return {(first, second): count for first, second, count in session.execute(query)}


def _age(moment: datetime) -> float:
    return max(0.0, (now() - moment).total_seconds())
