"""Ports: what plugs into a network, with its addresses and security groups."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api import lifecycle
from tenrec_api.models.base import Base, Identifier, Name
from tenrec_api.models.network import Network
from tenrec_api.models.network_base import NetworkRow
from tenrec_api.models.subnet import Address

ROUTER_INTERFACE, ROUTER_GATEWAY, FLOATING_IP = (
    "network:router_interface",
    "network:router_gateway",
    "network:floatingip",
)
COMPUTE = "compute:nova"


class Port(NetworkRow, Base):
    """A port. `mac_address` is None while the port is being deleted, so that the address can be given again at once.

    `made_by_compute` marks a port that a server's creation made, and its deletion takes with it.
    """

    __tablename__ = "ports"
    __table_args__ = (UniqueConstraint("network_id", "mac_address"),)

    network_id: Mapped[str] = mapped_column(ForeignKey("networks.id"))
    mac_address: Mapped[str | None] = mapped_column(String(17))
    admin_state_up: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(16), default="DOWN")
    device_id: Mapped[str] = mapped_column(Name, default="", index=True)
    device_owner: Mapped[str] = mapped_column(Name, default="")
    made_by_compute: Mapped[bool] = mapped_column(default=False)
    port_security_enabled: Mapped[bool] = mapped_column(default=True)
    allowed_address_pairs: Mapped[list] = mapped_column(default=list)
    binding_host_id: Mapped[str] = mapped_column(Name, default="")
    binding_profile: Mapped[dict] = mapped_column(default=dict)

    network: Mapped[Network] = relationship()
    fixed_ips: Mapped[list["IpAllocation"]] = relationship(
        back_populates="port",
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="selectin",
        order_by="IpAllocation.position",
    )
    group_links: Mapped[list["PortSecurityGroup"]] = relationship(
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="selectin",
        order_by="PortSecurityGroup.security_group_id",
    )

    @property
    def security_group_ids(self) -> list[str]:
        """The ids of its security groups."""
        return [link.security_group_id for link in self.group_links]

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.NETWORK.step(self.status, status)


class IpAllocation(Base):
    """An address of a subnet that a port has. The primary key is the last guard against giving one address twice."""

    __tablename__ = "ip_allocations"

    subnet_id: Mapped[str] = mapped_column(ForeignKey("subnets.id"), primary_key=True)
    ip_address: Mapped[str] = mapped_column(Address, primary_key=True)
    port_id: Mapped[str] = mapped_column(ForeignKey("ports.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)

    port: Mapped[Port] = relationship(back_populates="fixed_ips")


class PortSecurityGroup(Base):
    """A port's membership in a security group."""

    __tablename__ = "port_security_groups"

    port_id: Mapped[str] = mapped_column(ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    security_group_id: Mapped[str] = mapped_column(
        Identifier, ForeignKey("security_groups.id"), primary_key=True, index=True
    )
