"""Volumes and their attachments."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Identified, Identifier, Name, Timestamp, Timestamped


class Volume(Identified, Timestamped, Base):
    """A disk of `size_gib` GiB on the storage node `node`.

    `image` is what is shown of the image that it was made from: its id, name and properties at the time.
    The CHAP account is the one by which a compute node may read and write it.
    """

    __tablename__ = "volumes"
    __table_args__ = (Index("ix_volumes_project_id_created_at", "project_id", "created_at"),)

    project_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(Name)
    description: Mapped[str | None] = mapped_column(Text)
    size_gib: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="creating")
    bootable: Mapped[bool] = mapped_column(default=False)
    image_id: Mapped[str | None] = mapped_column(Identifier)
    image: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))
    details: Mapped[dict] = mapped_column("metadata", default=dict)
    availability_zone: Mapped[str] = mapped_column(Name, default="nova")
    node: Mapped[str] = mapped_column(Name)
    chap_username: Mapped[str] = mapped_column(String(64))
    chap_password: Mapped[str] = mapped_column(String(64))
    # Why the last action failed: the failed task's name and its reason.
    fault: Mapped[str | None] = mapped_column(Text)

    attachments: Mapped[list["VolumeAttachment"]] = relationship(
        back_populates="volume", cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.VOLUME.step(self.status, status)


class VolumeAttachment(Identified, Base):
    """A volume in a server as `device` (``vdb``). The row stands from the request to attach until it is detached."""

    __tablename__ = "volume_attachments"

    volume_id: Mapped[str] = mapped_column(ForeignKey("volumes.id", ondelete="CASCADE"), unique=True)
    server_id: Mapped[str] = mapped_column(Identifier, index=True)
    device: Mapped[str] = mapped_column(String(16))
    # The server boots from it: 0; else null.
    boot_index: Mapped[int | None]
    delete_on_termination: Mapped[bool] = mapped_column(default=False)
    attached_at: Mapped[datetime | None] = mapped_column(Timestamp)

    volume: Mapped[Volume] = relationship(back_populates="attachments", lazy="joined")
