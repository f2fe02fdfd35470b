"""The ports of servers: what the compute API asks of the network API.

Nothing here commits: the caller owns the transaction. Only `release_server_ports` and `change_security_groups` queue
operations; the ports of a new server are made by its own playbook, with the items of `port_items.item`.
"""

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, lazyload

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput, NotFound
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.port import COMPUTE, Port
from tenrec_api.models.subnet import Subnet
from tenrec_api.services import operations
from tenrec_api.services.network import floating_ips, port_rows, quotas, security_groups
from tenrec_api.services.network.lookup import find, find_to_change
from tenrec_api.services.network.port_items import operation_resources


def find_network_for_server(session: Session, context: Context) -> str | None:
    """The network of a server that asks for none: the project's only one, or None when it has none.

    Shared networks count. Raises Conflict (NetworkAmbiguous) when there are several.
    """
    query = (
        select(Network.id)
        .where(Network.deleting.is_(False), Network.admin_state_up)
        .where(or_(Network.project_id == context.project_id, Network.shared))
        .where(or_(Network.external.is_(False), Network.project_id == context.project_id))
        .limit(2)
    )
    found = list(session.scalars(query))
    if len(found) > 1:
        raise Conflict("Multiple possible networks found, use a Network ID to be more specific.", "NetworkAmbiguous")
    return found[0] if found else None


def create_for_server(
    session: Session,
    context: Context,
    server_id: str,
    network_id: str,
    host: str | None,
    security_group_ids: Iterable[str],
    fixed_ip: str | None = None,
) -> Port:
    """A new port on `network_id` for the server, which goes away with it. `security_group_ids`: as `resolve` gave them.

    The caller has locked the project's row, as `quotas.check` would. Raises NotFound (network), Forbidden (external
    network), InvalidInput (no subnet, address outside), Conflict (address in use, network full), QuotaExceeded.
    """
    network = find(session, context, Network, network_id)
    if network.external and not (network.shared or context.is_admin or context.owns(network.project_id)):
        raise Forbidden(
            f"It is not allowed to create an interface on external network {network_id}",
            "ExternalNetworkAttachForbidden",
        )
    if (
        session.scalars(select(Subnet.id).where(Subnet.network_id == network.id, Subnet.deleting.is_(False))).first()
        is None
    ):
        raise InvalidInput(
            f"Network {network_id} requires a subnet in order to boot instances on.", "NetworkRequiresSubnet"
        )
    quotas.check(session, context.project_id, "port", locked=True)
    return port_rows.add(
        session,
        network,
        project_id=context.project_id,
        fixed_ips=None if fixed_ip is None else [{"ip_address": fixed_ip}],
        security_group_ids=security_group_ids if network.port_security_enabled else (),
        port_security_enabled=network.port_security_enabled,
        device_id=server_id,
        device_owner=COMPUTE,
        binding_host_id=host or "",
        made_by_compute=True,
    )


def bind(session: Session, context: Context, port_id: str, server_id: str, host: str | None) -> Port:
    """Give an existing port to the server. Raises NotFound, and Conflict (PortInUse) when something has it already."""
    port = find_to_change(session, context, Port, port_id)
    if port.device_id and port.device_id != server_id:
        raise Conflict(f"Port {port_id} is still in use.", "PortInUse")
    port.device_id = server_id
    port.device_owner = COMPUTE
    port.binding_host_id = host or ""
    port.revision_number += 1
    session.flush()
    return port


def of_server(session: Session, server_id: str) -> list[Port]:
    """The server's ports, oldest first. What belongs to them is read when it is used, unless it was read before."""
    return list(session.scalars(_of_servers([server_id]).options(lazyload("*"))))


def of_servers(session: Session, server_ids: Iterable[str]) -> list[Port]:
    """The ports of many servers, with all that belongs to them, by as many queries as for one."""
    return list(session.scalars(_of_servers(server_ids).options(joinedload(Port.network))))


def _of_servers(server_ids: Iterable[str]):
    return (
        select(Port)
        .where(Port.device_id.in_(list(server_ids)), Port.device_owner.like("compute:%"), Port.deleting.is_(False))
        .order_by(Port.created_at, Port.id)
    )


def release_server_ports(session: Session, server_id: str, context: Context | None = None) -> None:
    """The server is gone: remove the ports made for it, give back the others.

    Call it when the playbook has removed the logical ports of those with `made_by_compute`; the others are applied
    again, unbound. Floating IPs of removed ports are given back to their projects.
    """
    ports = of_server(session, server_id)
    made = [port for port in ports if port.made_by_compute]
    floating_ips.forget_ports(session, context, [port.id for port in made])
    for port in ports:
        if not port.made_by_compute:
            port.device_id = port.device_owner = port.binding_host_id = ""
            port.enter("DOWN")
            _enqueue_apply(session, context, port)
    port_rows.remove(session, made)


def bind_server_ports(session: Session, server_id: str, host: str) -> None:
    """The server is on `host` now; OVN finds a port where its server plugs it in, so there is nothing to apply."""
    for port in of_server(session, server_id):
        port.binding_host_id = host
        port.revision_number += 1
    session.flush()


def set_server_active(session: Session, server_id: str, active: bool) -> None:
    """The server runs, or no longer does: its ports are ACTIVE or DOWN."""
    for port in of_server(session, server_id):
        port.enter("ACTIVE" if active and port.admin_state_up else "DOWN")
    session.flush()


def change_security_groups(
    session: Session, context: Context, server_id: str, *, add: str | None = None, remove: str | None = None
) -> None:
    """Add a group (by name or id) to every port of the server that has port security, or remove it.

    Queues the ports' playbooks. Raises NotFound when there is no such group, or when no port is in the one to be
    removed.
    """
    group_id = security_groups.resolve(session, context, [add or remove])[0]
    ports = [port for port in of_server(session, server_id) if port.port_security_enabled]
    if remove and not any(group_id in port.security_group_ids for port in ports):
        raise NotFound(
            f"Security group {remove[:80]} is not associated with the instance {server_id}.", "SecurityGroupNotFound"
        )
    for port in ports:
        before = set(port.security_group_ids)
        port_rows.set_security_groups(port, sorted(before | {group_id} if add else before - {group_id}))
        session.flush()
        _enqueue_apply(session, context, port, also=before)


def _enqueue_apply(session: Session, context: Context | None, port: Port, also: Iterable[str] = ()) -> None:
    _, shared = operation_resources([port])
    operations.enqueue(
        session, "port_apply", "port", port.id, context=context, project_id=port.project_id, shared={*shared, *also}
    )


def addresses_of_servers(session: Session, server_ids: Iterable[str]) -> dict[str, list[dict]]:
    """The addresses of many servers with three queries: for each id a list, possibly empty, in the order of the ports.

    An entry has `network_name`, `ip`, `version` (4 or 6), `mac` and `type` (``fixed`` or ``floating``).
    """
    found: dict[str, list[dict]] = {server_id: [] for server_id in server_ids}
    ports = of_servers(session, found)
    floating: dict[tuple[str, str], str] = {}
    if ports:
        rows = session.execute(
            select(FloatingIp.port_id, FloatingIp.fixed_ip_address, FloatingIp.floating_ip_address).where(
                FloatingIp.port_id.in_([port.id for port in ports]), FloatingIp.deleting.is_(False)
            )
        )
        floating = {(port_id, fixed): address for port_id, fixed, address in rows}
    for port in ports:
        for allocation in port.fixed_ips:
            fixed = allocation.ip_address
            found[port.device_id].append(_address(port, fixed, "fixed"))
            if (port.id, fixed) in floating:
                found[port.device_id].append(_address(port, floating[port.id, fixed], "floating"))
    return found


def _address(port: Port, ip: str, kind: str) -> dict:
    return {
        "network_name": port.network.name,
        "ip": ip,
        "version": 6 if ":" in ip else 4,
        "mac": port.mac_address,
        "type": kind,
    }
