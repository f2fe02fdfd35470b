"""Servers. The row is also the claim: the server's size counts on the nodes of `node_id` and `target_id`."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Identified, Identifier, LongText, Name, Timestamp, Timestamped
from tenrec_api.models.compute_node import ComputeNode


class Server(Identified, Timestamped, Base):
    """A virtual machine: what was asked for, where it is, what it is doing.

    `status` is the lifecycle's state, `task_state` what is being done meanwhile (null: nothing). `flavor` is a copy,
    because a flavor may be deleted and made anew. A deleted server's row stays, with `deleted_at` set.
    `target` is the node to which it is being moved; until it is there, its place is `node`.
    """

    __tablename__ = "servers"
    __table_args__ = (
        Index("ix_servers_project_id_deleted_at_created_at", "project_id", "deleted_at", "created_at"),
        Index("ix_servers_node_id_deleted_at", "node_id", "deleted_at"),
    )

    project_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Name)
    hostname: Mapped[str] = mapped_column(String(63))
    reservation_id: Mapped[str] = mapped_column(String(32), index=True)
    launch_index: Mapped[int] = mapped_column(default=0)

    status: Mapped[str] = mapped_column(String(32), default="BUILD")
    task_state: Mapped[str | None] = mapped_column(String(32))
    # libvirt's state as the API numbers it: 0 none, 1 running, 3 paused, 4 shut down, 6 crashed, 7 suspended.
    power_state: Mapped[int] = mapped_column(default=0)
    # {code, message, details, created}: why the last action failed; shown while the status is ERROR.
    fault: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))
    locked: Mapped[bool] = mapped_column(default=False)
    locked_by: Mapped[str | None] = mapped_column(String(8))

    image_id: Mapped[str | None] = mapped_column(Identifier, index=True)
    # {id, name, vcpus, ram_mib, disk_gib, extra_specs}
    flavor: Mapped[dict]
    key_name: Mapped[str | None] = mapped_column(Name)
    public_key: Mapped[str | None] = mapped_column(Text)
    user_data: Mapped[str | None] = mapped_column(LongText)
    config_drive: Mapped[bool] = mapped_column(default=False)
    # From which the random seed in the metadata is spread out, the same at every run.
    seed: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict] = mapped_column("metadata", default=dict)
    access_ip_v4: Mapped[str] = mapped_column(String(15), default="")
    access_ip_v6: Mapped[str] = mapped_column(String(39), default="")
    disk_config: Mapped[str] = mapped_column(String(8), default="MANUAL")

    availability_zone: Mapped[str] = mapped_column(Name, default="nova")
    node_id: Mapped[str | None] = mapped_column(ForeignKey("compute_nodes.id"))
    target_id: Mapped[str | None] = mapped_column(ForeignKey("compute_nodes.id"), index=True)
    vcpus: Mapped[int]
    memory_mib: Mapped[int]
    disk_gib: Mapped[int]

    launched_at: Mapped[datetime | None] = mapped_column(Timestamp)
    deleted_at: Mapped[datetime | None] = mapped_column(Timestamp)

    node: Mapped[ComputeNode | None] = relationship(lazy="joined", foreign_keys=[node_id])
    target: Mapped[ComputeNode | None] = relationship(foreign_keys=[target_id])

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.SERVER.step(self.status, status)
