"""What was done to a server: one row for each action, which stays after the server is gone."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base, Identifier, Name, Timestamp, now

SUCCESS, ERROR = "Success", "Error"


class InstanceAction(Base):
    """One action and its only event: who asked, when, how it ended.

    `event` is null for what needs no run (lock). `result` is null while it goes on. `task` names the task of the
    playbook that failed, `details` says why; `host` is for administrators.
    """

    __tablename__ = "instance_actions"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    server_id: Mapped[str] = mapped_column(Identifier, index=True)
    action: Mapped[str] = mapped_column(String(32))
    request_id: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(Timestamp, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Timestamp)
    message: Mapped[str | None] = mapped_column(String(255))
    event: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[str | None] = mapped_column(String(16))
    task: Mapped[str | None] = mapped_column(Name)
    host: Mapped[str | None] = mapped_column(Name)
    details: Mapped[str | None] = mapped_column(Text)
