"""Findings: where the hosts are not as the database wants them, as the last comparison saw it."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base, Identifier, Name, Timestamp, now
from tenrec_api.models.operation import Sequence

MISSING, CHANGED, ORPHANED, FAILED = "missing", "changed", "orphaned", "failed"
PROBLEMS = (MISSING, CHANGED, ORPHANED, FAILED)


class Finding(Base):
    """One difference: `resource_id` (a UUID, or the name of what is not ours) on `host`, and what about it.

    `problem`: missing and changed are said of what the database has, orphaned of what it has not; failed: it could
    not be looked at. `repairable`: a playbook that creates can set it right. `operation_id`: the repair, if one was
    asked for.
    """

    __tablename__ = "findings"

    number: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    resource_type: Mapped[str] = mapped_column(String(32))
    resource_id: Mapped[str] = mapped_column(Name)
    host: Mapped[str] = mapped_column(Name)
    problem: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text)
    repairable: Mapped[bool] = mapped_column(default=False)
    operation_id: Mapped[str | None] = mapped_column(Identifier)
    found_at: Mapped[datetime] = mapped_column(Timestamp, default=now)
