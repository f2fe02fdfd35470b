"""A router's interfaces: its ports on the networks of the project."""

from ipaddress import ip_address, ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput, NotFound
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.port import ROUTER_INTERFACE, IpAllocation, Port
from tenrec_api.models.router import Router
from tenrec_api.models.subnet import Subnet
from tenrec_api.services import operations
from tenrec_api.services.network import port_rows, quotas, routers
from tenrec_api.services.network.lookup import find, find_to_change
from tenrec_api.services.network.router_subnets import refuse_overlap


def add(
    session: Session, context: Context, router_id: str, subnet_id: str | None, port_id: str | None
) -> tuple[Router, Port]:
    """Connect a router to a subnet, at its gateway's address, or through a port; queue the playbook; commits.

    Raises NotFound, InvalidInput (neither or both given, no gateway address, connected already, overlapping), Conflict
    (PortInUse, IpAddressInUse), QuotaExceeded.
    """
    router = find_to_change(session, context, Router, router_id)
    if (subnet_id is None) == (port_id is None):
        raise InvalidInput(
            "Bad router request: Either subnet_id or port_id must be specified, and not both.", "BadRequest"
        )
    if port_id is not None:
        port = _take_port(session, context, router, port_id)
    else:
        port = _make_port(session, context, router, find(session, context, Subnet, subnet_id))
    router.revision_number += 1
    session.flush()
    routers.enqueue_apply(session, context, router, ports=[port.id])
    session.commit()
    return router, port


def _make_port(session: Session, context: Context, router: Router, subnet: Subnet) -> Port:
    if subnet.gateway_ip is None:
        raise InvalidInput("Bad router request: Subnet for router interface must have a gateway IP.", "BadRequest")
    refuse_overlap(session, router, [subnet.id])
    quotas.check(session, router.project_id, "port")
    return port_rows.add(
        session,
        find(session, context, Network, subnet.network_id),
        project_id=router.project_id,
        fixed_ips=[{"subnet_id": subnet.id, "ip_address": subnet.gateway_ip}],
        device_id=router.id,
        device_owner=ROUTER_INTERFACE,
        port_security_enabled=False,
    )


def _take_port(session: Session, context: Context, router: Router, port_id: str) -> Port:
    """Hand a tenant's port to the router: the logical port goes, and the router's playbook makes one of its kind."""
    port = find_to_change(session, context, Port, port_id)
    if port.device_id or port.device_owner:
        raise Conflict(
            f"Unable to complete operation on port {port.id} for network {port.network_id}. Port already has "
            "an attached "
            f"device {port.device_id}.",
            "PortInUse",
        )
    if not port.fixed_ips:
        raise InvalidInput("Bad router request: Router port must have at least one fixed IP.", "BadRequest")
    refuse_overlap(session, router, [allocation.subnet_id for allocation in port.fixed_ips])
    shared = [port.network_id, *port.security_group_ids]
    port_rows.set_security_groups(port, [])
    port.allowed_address_pairs = []
    port.port_security_enabled = False
    port.device_id = router.id
    port.device_owner = ROUTER_INTERFACE
    port.revision_number += 1
    session.flush()
    operations.enqueue(session, "port_delete", "port", port.id, context=context, shared=shared)
    return port


def remove(
    session: Session, context: Context, router_id: str, subnet_id: str | None, port_id: str | None
) -> tuple[Router, Port, list[str]]:
    """Disconnect a router from a subnet or a port, which goes away; queue the playbook; commits. With the subnets' ids.

    Raises NotFound (RouterInterfaceNotFound, RouterInterfaceNotFoundForSubnet), InvalidInput, Conflict
    (RouterInterfaceInUseByFloatingIP, RouterInterfaceInUseByRoute).
    """
    router = find_to_change(session, context, Router, router_id)
    if subnet_id is None and port_id is None:
        raise InvalidInput("Bad router request: Either subnet_id or port_id must be specified.", "BadRequest")
    port = _interface(session, router, subnet_id, port_id)
    subnet_ids = [allocation.subnet_id for allocation in port.fixed_ips]
    _refuse_in_use(session, router, subnet_ids)
    network_id = port.network_id
    session.delete(port)
    router.revision_number += 1
    session.flush()
    routers.enqueue_apply(session, context, router, also=[network_id], ports=[port.id])
    session.commit()
    return router, port, subnet_ids


def _interface(session: Session, router: Router, subnet_id: str | None, port_id: str | None) -> Port:
    query = select(Port).where(
        Port.device_id == router.id, Port.device_owner == ROUTER_INTERFACE, Port.deleting.is_(False)
    )
    if port_id is not None:
        query = query.where(Port.id == port_id)
    if subnet_id is not None:
        query = query.join(IpAllocation, IpAllocation.port_id == Port.id).where(IpAllocation.subnet_id == subnet_id)
    port = session.scalars(query.with_for_update()).first()
    if port is None and port_id is not None:
        raise NotFound(
            f"Router {router.id} does not have an interface with id {port_id[:80]}.", "RouterInterfaceNotFound"
        )
    if port is None:
        raise NotFound(
            f"Router {router.id} has no interface on subnet {subnet_id[:80]}.", "RouterInterfaceNotFoundForSubnet"
        )
    return port


def _refuse_in_use(session: Session, router: Router, subnet_ids: list[str]) -> None:
    query = (
        select(IpAllocation.subnet_id)
        .join(FloatingIp, FloatingIp.port_id == IpAllocation.port_id)
        .where(
            FloatingIp.router_id == router.id,
            FloatingIp.fixed_ip_address == IpAllocation.ip_address,
            IpAllocation.subnet_id.in_(subnet_ids),
        )
    )
    used = session.scalars(query).first()
    if used:
        raise Conflict(
            f"Router interface for subnet {used} on router {router.id} cannot be deleted, as it is required "
            "by one or more "
            "floating IPs.",
            "RouterInterfaceInUseByFloatingIP",
        )
    for subnet_id, cidr in session.execute(select(Subnet.id, Subnet.cidr).where(Subnet.id.in_(subnet_ids))):
        if any(ip_address(route["nexthop"]) in ip_network(cidr) for route in router.routes):
            raise Conflict(
                f"Router interface for subnet {subnet_id} on router {router.id} cannot be deleted, as it is "
                "required by one "
                "or more routes.",
                "RouterInterfaceInUseByRoute",
            )
