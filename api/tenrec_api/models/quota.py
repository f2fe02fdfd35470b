"""Quotas that an administrator set for a project. What is not set has the default of its service."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base


class Quota(Base):
    """The most that a project may have of one resource of one service (compute, network, volume); -1: no limit."""

    __tablename__ = "quotas"

    project_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    service: Mapped[str] = mapped_column(String(16), primary_key=True)
    resource: Mapped[str] = mapped_column(String(64), primary_key=True)
    hard_limit: Mapped[int]
