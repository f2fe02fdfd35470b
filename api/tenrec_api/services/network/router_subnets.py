"""Which subnets a router is connected to: each only once, and none overlapping another."""

from collections.abc import Iterable
from ipaddress import ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import InvalidInput
from tenrec_api.models.port import ROUTER_GATEWAY, ROUTER_INTERFACE, IpAllocation, Port
from tenrec_api.models.router import Router
from tenrec_api.models.subnet import Subnet


def refuse_overlap(session: Session, router: Router, subnet_ids: Iterable[str], besides: str | None = None) -> None:
    """Raise InvalidInput when one of the subnets is connected to the router already, or overlaps one that is.

    `besides`: a port of the router that does not count, because it is the one being connected.
    """
    fresh = list(session.scalars(select(Subnet).where(Subnet.id.in_(list(subnet_ids)))))
    query = (
        select(Subnet)
        .join(IpAllocation, IpAllocation.subnet_id == Subnet.id)
        .join(Port, Port.id == IpAllocation.port_id)
        .where(
            Port.device_id == router.id,
            Port.device_owner.in_((ROUTER_INTERFACE, ROUTER_GATEWAY)),
            Port.id != (besides or ""),
        )
    )
    for connected in session.scalars(query).unique():
        for subnet in fresh:
            if subnet.id == connected.id:
                raise InvalidInput(
                    f"Bad router request: Router already has a port on subnet {subnet.id}.", "BadRequest"
                )
            if ip_network(subnet.cidr).overlaps(ip_network(connected.cidr)):
                raise InvalidInput(
                    f"Bad router request: Cidr {subnet.cidr} of subnet {subnet.id} overlaps with cidr "
                    f"{connected.cidr} of "
                    f"subnet {connected.id}.",
                    "BadRequest",
                )
