"""Subnets: a range of addresses on a network, with what DHCP tells about it."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api.models.base import Base
from tenrec_api.models.network import Network
from tenrec_api.models.network_base import NetworkRow

# The longest text of an IPv6 address is 39 characters, of a prefix 43.
Address = String(45)


class Subnet(NetworkRow, Base):
    """A subnet. `allocation_pools` is a list of ``{start, end}``, `host_routes` of ``{destination, nexthop}``."""

    __tablename__ = "subnets"

    network_id: Mapped[str] = mapped_column(ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    cidr: Mapped[str] = mapped_column(Address)
    ip_version: Mapped[int]
    gateway_ip: Mapped[str | None] = mapped_column(Address)
    enable_dhcp: Mapped[bool] = mapped_column(default=True)
    allocation_pools: Mapped[list] = mapped_column(default=list)
    dns_nameservers: Mapped[list] = mapped_column(default=list)
    host_routes: Mapped[list] = mapped_column(default=list)
    ipv6_address_mode: Mapped[str | None] = mapped_column(String(16))
    ipv6_ra_mode: Mapped[str | None] = mapped_column(String(16))

    network: Mapped[Network] = relationship(back_populates="subnets")
