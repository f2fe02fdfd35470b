"""Making and unmaking the rows of ports, whoever they are for: tenants, servers, routers, floating IPs."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import Conflict
from tenrec_api.models.network import Network
from tenrec_api.models.port import Port, PortSecurityGroup
from tenrec_api.services.network import address_ranges, addresses
from tenrec_api.services.network.lookup import flush


def add(
    session: Session,
    network: Network,
    *,
    project_id: str,
    fixed_ips: Sequence[dict] | None = None,
    mac_address: str | None = None,
    security_group_ids: Iterable[str] = (),
    **values: Any,
) -> Port:
    """A new port on `network` with its addresses, flushed. `fixed_ips` as in `addresses.give`; `values` are columns.

    Raises Conflict (MacAddressInUse) and what `addresses.give` raises.
    """
    port = Port(network=network, network_id=network.id, project_id=project_id, **values)
    port.mac_address = _mac_address(session, network, mac_address)
    port.fixed_ips = []
    set_security_groups(port, security_group_ids)
    session.add(port)
    flush(session, f"The mac address {port.mac_address} is in use on network {network.id}.", "MacAddressInUse")
    addresses.give(session, port, network, fixed_ips)
    return port


def set_security_groups(port: Port, security_group_ids: Iterable[str]) -> None:
    """Make the port a member of just these groups."""
    present = {link.security_group_id: link for link in port.group_links}
    port.group_links = [
        present.get(group_id) or PortSecurityGroup(security_group_id=group_id)
        for group_id in dict.fromkeys(security_group_ids)
    ]


def change_mac_address(session: Session, port: Port, mac_address: str) -> None:
    """Give the port another hardware address; raises Conflict (MacAddressInUse; PortBound while a server has it)."""
    if port.binding_host_id:
        raise Conflict(
            f"Unable to complete operation on port {port.id}, port is already bound to host {port.binding_host_id}.",
            "PortBound",
        )
    port.mac_address = _mac_address(session, port.network, mac_address)


def _mac_address(session: Session, network: Network, wanted: str | None) -> str:
    if wanted is not None:
        if _mac_in_use(session, network, wanted):
            raise Conflict(
                f"Unable to complete operation for network {network.id}. The mac address {wanted} is in use.",
                "MacAddressInUse",
            )
        return wanted
    while _mac_in_use(session, network, candidate := address_ranges.random_mac()):
        pass
    return candidate


def _mac_in_use(session: Session, network: Network, mac_address: str) -> bool:
    query = select(Port.id).where(Port.network_id == network.id, Port.mac_address == mac_address)
    return session.scalars(query).first() is not None


def hide(session: Session, port: Port) -> None:
    """The deletion was accepted: give back the addresses and leave the groups; the row stays until it is removed."""
    port.fixed_ips = []
    port.group_links = []
    port.mac_address = None
    port.deleting = True
    session.flush()


def remove(session: Session, ports: Iterable[Port]) -> None:
    """Delete rows whose logical ports are gone."""
    for port in ports:
        session.delete(port)
    session.flush()
