"""Operations: one row for each piece of work that a resource waits for. The table is the queue and the history."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Identifier, Timestamp, new_id, now

# SQLite counts up only a plain INTEGER primary key.
Sequence = BigInteger().with_variant(Integer, "sqlite")

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "queued", "running", "succeeded", "failed", "cancelled"
UNFINISHED = (QUEUED, RUNNING)


class Operation(Base):
    """Work on one resource: which playbook (`kind`), where (`nodes`), how far it is and how it ended.

    `sequence` orders operations; `lease_owner` and `lease_expires_at` say which worker has it and until when that
    worker is believed to live. `attempts` counts the times that it was claimed.
    """

    __tablename__ = "operations"
    __table_args__ = (
        Index("ix_operations_status_sequence", "status", "sequence"),
        Index("ix_operations_resource_id_sequence", "resource_id", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Identifier, unique=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default=QUEUED)

    project_id: Mapped[str | None] = mapped_column(String(64), index=True)
    user_id: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))

    resource_type: Mapped[str] = mapped_column(String(64))
    resource_id: Mapped[str] = mapped_column(Identifier)
    nodes: Mapped[dict] = mapped_column(JSON, default=dict)
    parameters: Mapped[dict] = mapped_column(JSON, default=dict)
    # {resource id: exclusively?}: two operations that touch one resource run one after the other when either touches
    # it exclusively. A column and not a table: the worker reads the head of the queue in order and compares sets, which
    # takes milliseconds where a self-join over a thousand servers that share one network took ten seconds.
    touched: Mapped[dict] = mapped_column(JSON, default=dict)

    created_at: Mapped[datetime] = mapped_column(Timestamp, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Timestamp)
    finished_at: Mapped[datetime | None] = mapped_column(Timestamp, index=True)
    # Not tried before this moment: the pause before the next attempt.
    not_before: Mapped[datetime | None] = mapped_column(Timestamp)
    # Seconds that one run may take; null: as long as its workflow says.
    deadline_seconds: Mapped[int | None] = mapped_column(Integer)

    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=5)
    # Set after a run of several failed as a whole: this one is tried by itself, so that it cannot fail its neighbours.
    alone: Mapped[bool] = mapped_column(default=False)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    lease_owner: Mapped[str | None] = mapped_column(String(128), index=True)
    lease_expires_at: Mapped[datetime | None] = mapped_column(Timestamp)

    failed_task: Mapped[str | None] = mapped_column(String(255))
    failed_host: Mapped[str | None] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(Text)
    result: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.OPERATION.step(self.status, status)

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status not in UNFINISHED
