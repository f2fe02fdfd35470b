"""Images: what servers and volumes are made from."""

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Identified, Name, Timestamped


class Image(Identified, Timestamped, Base):
    """An image's record. Its file is ``<id>`` in the images' directory of the controller once `status` is active.

    Sizes are bytes (`size`, `virtual_size`), GiB (`min_disk`) and MiB (`min_ram`).
    """

    __tablename__ = "images"

    name: Mapped[str | None] = mapped_column(Name, index=True)
    project_id: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16), default="queued")
    visibility: Mapped[str] = mapped_column(String(16), default="shared")
    disk_format: Mapped[str | None] = mapped_column(String(16))
    container_format: Mapped[str | None] = mapped_column(String(16))
    min_disk: Mapped[int] = mapped_column(default=0)
    min_ram: Mapped[int] = mapped_column(default=0)
    protected: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int | None] = mapped_column(BigInteger)
    virtual_size: Mapped[int | None] = mapped_column(BigInteger)
    md5: Mapped[str | None] = mapped_column(String(32))
    sha512: Mapped[str | None] = mapped_column(String(128))
    tags: Mapped[list] = mapped_column(default=list)
    # What the owner added: names and values are strings.
    properties: Mapped[dict] = mapped_column(default=dict)
    # Why an import failed: the failed task's name and its reason.
    fault: Mapped[str | None] = mapped_column(Text)

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.IMAGE.step(self.status, status)
