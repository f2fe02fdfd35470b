"""Networks: one logical switch each."""

from typing import TYPE_CHECKING

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Name
from tenrec_api.models.network_base import NetworkRow

if TYPE_CHECKING:
    from tenrec_api.models.subnet import Subnet

GENEVE, FLAT, VLAN = "geneve", "flat", "vlan"
NETWORK_TYPES = (GENEVE, FLAT, VLAN)


class Network(NetworkRow, Base):
    """A network.

    `segment` is its place on a physical network (``external:flat``, ``external:100``), which only one network may hold.
    """

    __tablename__ = "networks"

    admin_state_up: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(16), default="BUILD")
    shared: Mapped[bool] = mapped_column(default=False)
    external: Mapped[bool] = mapped_column(default=False)
    is_default: Mapped[bool] = mapped_column(default=False)
    mtu: Mapped[int]
    port_security_enabled: Mapped[bool] = mapped_column(default=True)
    network_type: Mapped[str] = mapped_column(String(16), default=GENEVE)
    physical_network: Mapped[str | None] = mapped_column(String(64))
    segmentation_id: Mapped[int | None]
    segment: Mapped[str | None] = mapped_column(Name, unique=True)

    subnets: Mapped[list["Subnet"]] = relationship(
        back_populates="network",
        order_by="Subnet.created_at",
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="selectin",
    )

    @property
    def subnet_ids(self) -> list[str]:
        """The ids of its subnets."""
        return [subnet.id for subnet in self.subnets]

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.NETWORK.step(self.status, status)
