"""Compute nodes and what of each may be given to servers. What is given is no row of its own: see `Server.node_id`."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base, Identifier, Name, Timestamp, Timestamped, new_id


class ComputeNode(Timestamped, Base):
    """A host on which servers run; `number` is its id in the API's older versions, `id` that of its resource provider.

    `present` is false when the configuration no longer names the node but servers are still on it. `observed_at` is the
    last time that a run looked at its domains, `boot` which of the host's starts that was in.
    `away_since` is when a run first found that it does not answer; null as long as it does.
    """

    __tablename__ = "compute_nodes"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Identifier, unique=True, default=new_id)
    name: Mapped[str] = mapped_column(Name, unique=True)
    vcpus: Mapped[int]
    memory_mib: Mapped[int]
    disk_gib: Mapped[int]
    cpu_allocation_ratio: Mapped[float] = mapped_column(default=1.0)
    memory_allocation_ratio: Mapped[float] = mapped_column(default=1.0)
    disk_allocation_ratio: Mapped[float] = mapped_column(default=1.0)
    present: Mapped[bool] = mapped_column(default=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(String(255))
    observed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    away_since: Mapped[datetime | None] = mapped_column(Timestamp)
    boot: Mapped[str | None] = mapped_column(String(64))
