"""Flavors: the sizes in which servers come, and who may use those that are not public."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api.models.base import Base, Name, Timestamped, new_id


class Flavor(Timestamped, Base):
    """A size: `vcpus`, `ram_mib`, `disk_gib` (0: as large as the image).

    The id is any text that the administrator chose, not always a UUID.
    """

    __tablename__ = "flavors"

    id: Mapped[str] = mapped_column(Name, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    vcpus: Mapped[int]
    ram_mib: Mapped[int]
    disk_gib: Mapped[int]
    rxtx_factor: Mapped[float] = mapped_column(default=1.0)
    is_public: Mapped[bool] = mapped_column(default=True)
    extra_specs: Mapped[dict] = mapped_column(default=dict)

    access: Mapped[list["FlavorAccess"]] = relationship(cascade="all, delete-orphan")


class FlavorAccess(Base):
    """A project that may use a flavor which is not public."""

    __tablename__ = "flavor_accesses"

    flavor_id: Mapped[str] = mapped_column(ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(64), primary_key=True)
