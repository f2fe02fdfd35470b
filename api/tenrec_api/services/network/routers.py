"""Routers: made, changed, deleted; what their playbook needs. Interfaces and gateways have modules of their own."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.operation import Operation
from tenrec_api.models.port import ROUTER_GATEWAY, ROUTER_INTERFACE, IpAllocation, Port
from tenrec_api.models.router import Router
from tenrec_api.models.subnet import Subnet
from tenrec_api.services import operations
from tenrec_api.services.network import quotas, router_gateways
from tenrec_api.services.network.lookup import find, find_to_change, owner_for

MOST_ROUTES = 30


def show(session: Session, context: Context, router_id: str) -> Router:
    """The router; raises NotFound."""
    return find(session, context, Router, router_id)


def create(session: Session, context: Context, values: dict) -> Router:
    """Make a router, with a gateway when `values` has `external_gateway_info`, and queue its playbook; commits.

    Raises NotFound (network), Forbidden, InvalidInput, Conflict, QuotaExceeded.
    """
    values = dict(values)
    project_id = owner_for(context, values.pop("project_id", None))
    gateway = values.pop("external_gateway_info", None)
    quotas.check(session, project_id, "router")
    router = Router(project_id=project_id, **values)
    session.add(router)
    session.flush()
    if gateway:
        router_gateways.change(session, context, router, gateway)
    enqueue_apply(session, context, router)
    session.commit()
    return router


def update(session: Session, context: Context, router_id: str, values: dict, revision: int | None = None) -> Router:
    """Change a router and queue its playbook; commits. An `external_gateway_info` of None takes the gateway away.

    Raises as `create` does, and PreconditionFailed, Conflict (RouterExternalGatewayInUseByFloatingIp).
    """
    router = find_to_change(session, context, Router, router_id, revision)
    values = dict(values)
    before = {router.external_network_id} - {None}
    if "external_gateway_info" in values:
        router_gateways.change(session, context, router, values.pop("external_gateway_info"))
    if "routes" in values:
        _check_routes(session, router, values["routes"])
    for name, value in values.items():
        setattr(router, name, value)
    router.revision_number += 1
    session.flush()
    enqueue_apply(session, context, router, also=before)
    session.commit()
    return router


def _check_routes(session: Session, router: Router, routes: list[dict]) -> None:
    """Raise InvalidInput unless every next hop is a neighbour of the router."""
    if len(routes) > MOST_ROUTES:
        raise InvalidInput(f"Unable to add more than {MOST_ROUTES} routes to router {router.id}.", "RoutesExhausted")
    allocations = [allocation for port in ports_of(session, router.id) for allocation in port.fixed_ips]
    own = {allocation.ip_address for allocation in allocations}
    subnet_ids = {allocation.subnet_id for allocation in allocations}
    cidrs = [ip_network(cidr) for cidr in session.scalars(select(Subnet.cidr).where(Subnet.id.in_(subnet_ids)))]
    seen = set()
    for route in routes:
        hop = ip_address(route["nexthop"])
        if hop.version != ip_network(route["destination"]).version:
            reason = "destination and nexthop are of different IP versions"
        elif not any(hop in cidr for cidr in cidrs):
            reason = "the nexthop is not connected with router"
        elif str(hop) in own:
            reason = "the nexthop is used by router"
        elif (route["destination"], route["nexthop"]) in seen:
            reason = "the route is there twice"
        else:
            seen.add((route["destination"], route["nexthop"]))
            continue
        raise InvalidInput(
            f"Invalid format for routes: {route['destination']} via {route['nexthop']}, {reason}", "InvalidRoutes"
        )


def delete(session: Session, context: Context, router_id: str, revision: int | None = None) -> None:
    """Delete a router without interfaces and queue the playbook; commits. Raises NotFound, Conflict (RouterInUse)."""
    router = find_to_change(session, context, Router, router_id, revision)
    query = select(Port.id).where(Port.device_id == router.id, Port.device_owner == ROUTER_INTERFACE)
    in_use = (
        session.scalars(query).first()
        or session.scalars(select(FloatingIp.id).where(FloatingIp.router_id == router.id)).first()
    )
    if in_use:
        raise Conflict(f"Router {router.id} still has ports", "RouterInUse")
    shared = {router.external_network_id} - {None}
    router_gateways.clear(session, router)
    router.deleting = True
    session.flush()
    operations.enqueue(session, "router_delete", "router", router.id, context=context, shared=shared)
    session.commit()


def remove(session: Session, router_id: str) -> None:
    """The playbook of the deletion has run: delete the row."""
    router = session.get(Router, router_id)
    if router is not None and router.deleting:
        session.delete(router)
        session.flush()


def ports_of(session: Session, router_id: str) -> list[Port]:
    """The router's interfaces and its gateway port."""
    query = (
        select(Port)
        .where(
            Port.device_id == router_id,
            Port.device_owner.in_((ROUTER_INTERFACE, ROUTER_GATEWAY)),
            Port.deleting.is_(False),
        )
        .order_by(Port.created_at, Port.id)
        .options(joinedload(Port.network))
    )
    return list(session.scalars(query))


def enqueue_apply(
    session: Session, context: Context | None, router: Router, also: Iterable[str] = (), ports: Iterable[str] = ()
) -> Operation:
    """Queue the router's playbook.

    It waits for the playbooks of its networks, and for those of the networks `also` that it leaves; `ports` are touched
    exclusively, because the router takes them over or gives them back.
    """
    networks = {port.network_id for port in ports_of(session, router.id)}
    return operations.enqueue(
        session,
        "router_apply",
        "router",
        router.id,
        context=context,
        project_id=router.project_id,
        exclusive={router.id, *ports},
        shared={*networks, *also},
    )


def record(session: Session, router_id: str, applied: bool) -> None:
    """Its playbook has run (`applied`) or failed: the router and its ports are ACTIVE, or the router is in ERROR."""
    router = session.get(Router, router_id)
    if router is None or router.deleting:
        return
    router.enter("ACTIVE" if applied else "ERROR")
    if applied:
        for port in ports_of(session, router_id):
            port.enter("ACTIVE")
    session.flush()


def item(session: Session, router_id: str) -> dict | None:
    """The item of `router_apply`; None when the router is gone."""
    router = session.get(Router, router_id)
    if router is None or router.deleting:
        return None
    ports = ports_of(session, router_id)
    subnets = _subnets_of(session, ports)
    interfaces = [port for port in ports if port.device_owner == ROUTER_INTERFACE]
    gateway = next((port for port in ports if port.device_owner == ROUTER_GATEWAY), None)
    inside = [subnets[allocation.subnet_id] for port in interfaces for allocation in port.fixed_ips]
    return {
        "id": router.id,
        "name": router.name,
        "admin_state_up": router.admin_state_up,
        "interfaces": [
            _port(port, subnets) | {"ipv6_ra_mode": _ra_mode(subnets[each.subnet_id] for each in port.fixed_ips)}
            for port in interfaces
        ],
        "gateway": gateway
        and _port(gateway, subnets) | {"gateway_ip": _way_out(gateway, subnets), "enable_snat": router.enable_snat},
        "snat_cidrs": [subnet.cidr for subnet in inside if subnet.ip_version == 4],
        "routes": router.routes,
    }


def _subnets_of(session: Session, ports: Iterable[Port]) -> dict[str, Subnet]:
    wanted = {allocation.subnet_id for port in ports for allocation in port.fixed_ips}
    return {subnet.id: subnet for subnet in session.scalars(select(Subnet).where(Subnet.id.in_(wanted)))}


def _port(port: Port, subnets: dict[str, Subnet]) -> dict:
    return {
        "port_id": port.id,
        "mac_address": port.mac_address,
        "network_id": port.network_id,
        "cidrs": [_with_length(allocation, subnets) for allocation in port.fixed_ips],
        "mtu": port.network.mtu,
    }


def _with_length(allocation: IpAllocation, subnets: dict[str, Subnet]) -> str:
    return f"{allocation.ip_address}/{ip_network(subnets[allocation.subnet_id].cidr).prefixlen}"


def _ra_mode(subnets: Iterable[Subnet]) -> str | None:
    return next((subnet.ipv6_ra_mode for subnet in subnets if subnet.ipv6_ra_mode), None)


def _way_out(gateway: Port, subnets: dict[str, Subnet]) -> str | None:
    """The next hop of the default route: IPv4's, as the address translation is."""
    outside = sorted((subnets[each.subnet_id] for each in gateway.fixed_ips), key=lambda subnet: subnet.ip_version)
    return outside[0].gateway_ip if outside else None
