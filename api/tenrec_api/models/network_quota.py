"""Limits of the network API that differ from the defaults."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base
from tenrec_api.models.network_base import ProjectId


class NetworkQuota(Base):
    """How many of a resource a project may have; -1: any number."""

    __tablename__ = "network_quotas"

    project_id: Mapped[str] = mapped_column(ProjectId, primary_key=True)
    resource: Mapped[str] = mapped_column(String(32), primary_key=True)
    limit: Mapped[int]
