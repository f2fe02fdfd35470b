"""Floating IPs: addresses of an external network that a router gives to a port."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Identifier
from tenrec_api.models.network_base import NetworkRow
from tenrec_api.models.subnet import Address


class FloatingIp(NetworkRow, Base):
    """A floating IP.

    `floating_port_id` is the port that holds its address on the external network, None while the row is being deleted.
    """

    __tablename__ = "floating_ips"
    # An address of a port has at most one floating IP.
    __table_args__ = (UniqueConstraint("port_id", "fixed_ip_address"),)

    floating_network_id: Mapped[str] = mapped_column(ForeignKey("networks.id"))
    floating_ip_address: Mapped[str] = mapped_column(Address, index=True)
    floating_port_id: Mapped[str | None] = mapped_column(Identifier)
    port_id: Mapped[str | None] = mapped_column(ForeignKey("ports.id"))
    fixed_ip_address: Mapped[str | None] = mapped_column(Address)
    router_id: Mapped[str | None] = mapped_column(ForeignKey("routers.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), default="DOWN")

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.NETWORK.step(self.status, status)
