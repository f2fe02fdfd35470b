"""Playbook runs: one row for each that operations had, with what its tasks were and how long they took."""

from datetime import datetime

from sqlalchemy import Float, String
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base, Identifier, Timestamp, new_id
from tenrec_api.models.operation import Sequence


class Run(Base):
    """One run of a playbook, for as many operations as it took together.

    `kind` is the playbook's name: that of the operations, or the one that removes what they made. `status` is
    ansible-runner's (successful, failed, timeout, canceled); `check`: nothing was changed. `tasks` are in the order in
    which they ended: `play`, `task`, `host`, `start` (UTC, ISO), `seconds`, `status`, and `message` when it failed.
    """

    __tablename__ = "runs"

    number: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Identifier, unique=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    check: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime] = mapped_column(Timestamp, index=True)
    seconds: Mapped[float] = mapped_column(Float)
    nodes: Mapped[dict]
    tasks: Mapped[list]


class RunOperation(Base):
    """Which operations a run was for. Without foreign keys: these would lock the operations' rows, which another
    thread renews at that moment."""

    __tablename__ = "run_operations"

    run_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    operation_id: Mapped[str] = mapped_column(Identifier, primary_key=True, index=True)
