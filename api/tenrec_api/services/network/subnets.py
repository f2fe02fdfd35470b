"""Subnets: a change of one is a change of its network, whose playbook does it."""

from ipaddress import ip_address, ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.config import Network as Settings
from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput
from tenrec_api.models.network import Network
from tenrec_api.models.port import ROUTER_INTERFACE, IpAllocation, Port
from tenrec_api.models.router import Router
from tenrec_api.models.subnet import Subnet
from tenrec_api.services.network import address_ranges, addresses, networks, quotas, routers
from tenrec_api.services.network.lookup import find, find_to_change, owner_for

MOST_NAMESERVERS = 5
MOST_HOST_ROUTES = 20


def show(session: Session, context: Context, subnet_id: str) -> Subnet:
    """The subnet; raises NotFound."""
    return find(session, context, Subnet, subnet_id)


def create(session: Session, context: Context, settings: Settings, values: dict) -> Subnet:
    """Make a subnet on a network of the caller's and queue the network's playbook; commits.

    Without a `gateway_ip` the first address is the gateway's, with None there is none. Raises NotFound, Forbidden,
    QuotaExceeded, InvalidInput.
    """
    values = dict(values)
    # The network's row stays locked: of two overlapping subnets the second one sees the first.
    network = find(session, context, Network, values.pop("network_id"), lock=True)
    if not context.is_admin and not context.owns(network.project_id):
        raise Forbidden(f"Network {network.id} belongs to another project.", "PolicyNotAuthorized")
    # Only admins and the network's owner come this far: its subnets are the network's owner's.
    asked = values.pop("project_id", None)
    project_id = owner_for(context, asked) if asked else network.project_id
    quotas.check(session, project_id, "subnet")
    prefix = ip_network(values["cidr"])
    if "gateway_ip" not in values:
        values["gateway_ip"] = address_ranges.default_gateway(prefix)
    values.setdefault("dns_nameservers", list(settings.dns_nameservers) if prefix.version == 4 else [])
    values.setdefault("enable_dhcp", True)
    _check(network, prefix, values)
    if not values.get("allocation_pools"):
        values["allocation_pools"] = address_ranges.default_pools(prefix, values["gateway_ip"])
    _check_pools(prefix, values["allocation_pools"], values["gateway_ip"])
    subnet = Subnet(network=network, project_id=project_id, **values)
    session.add(subnet)
    network.revision_number += 1
    session.flush()
    networks.enqueue_apply(session, context, network)
    session.commit()
    return subnet


def _check(network: Network, prefix: address_ranges.Prefix, values: dict) -> None:
    if values["ip_version"] != prefix.version:
        raise InvalidInput(f"The cidr {prefix} does not match the ip_version {values['ip_version']}.")
    if prefix.is_multicast or prefix.is_loopback or prefix.prefixlen == 0:
        raise InvalidInput(f"The cidr {prefix} cannot be a subnet's.")
    if values["enable_dhcp"] and prefix.prefixlen > prefix.max_prefixlen - 2:
        raise InvalidInput(f"The cidr {prefix} is too small for DHCP; valid: up to /{prefix.max_prefixlen - 2}.")
    for other in network.subnets:
        if ip_network(other.cidr).overlaps(prefix):
            raise InvalidInput(
                f"Invalid input for operation: Requested subnet with cidr: {prefix} for network: {network.id} "
                "overlaps with "
                f"another subnet ({other.id}).",
                "InvalidInput",
            )
    if prefix.version == 6 and network.mtu < networks.MIN_MTU_IPV6:
        raise InvalidInput(f"IPv6 needs an MTU of {networks.MIN_MTU_IPV6}; network {network.id} has {network.mtu}.")
    _check_modes(prefix, values)
    _check_gateway(prefix, values["gateway_ip"])
    _check_options(prefix, values)


def _check_modes(prefix: address_ranges.Prefix, values: dict) -> None:
    address_mode, ra_mode = values.get("ipv6_address_mode"), values.get("ipv6_ra_mode")
    if (address_mode or ra_mode) and prefix.version == 4:
        raise InvalidInput("ipv6_address_mode and ipv6_ra_mode are for IPv6 subnets only.")
    if (address_mode or ra_mode) and not values["enable_dhcp"]:
        raise InvalidInput("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False.")
    if address_mode in addresses.AUTOMATIC and prefix.prefixlen != 64:
        raise InvalidInput(f"Invalid CIDR {prefix} for IPv6 address mode {address_mode}: it must be a /64.")
    if address_mode and ra_mode and address_mode != ra_mode:
        raise InvalidInput(
            f"ipv6_ra_mode set to '{ra_mode}' with ipv6_address_mode set to '{address_mode}' is not valid."
        )


def _check_gateway(prefix: address_ranges.Prefix, gateway: str | None) -> None:
    if gateway is not None and not address_ranges.may_have(str(prefix), gateway):
        raise InvalidInput(f"Gateway {gateway} is not valid on subnet {prefix}.", "InvalidInput")


def _check_options(prefix: address_ranges.Prefix, values: dict) -> None:
    """Name servers and routes must speak the subnet's IP version, and be few enough for a DHCP answer."""
    if len(values.get("dns_nameservers") or ()) > MOST_NAMESERVERS:
        raise InvalidInput(f"At most {MOST_NAMESERVERS} dns_nameservers are possible.", "DNSNameServersExhausted")
    if len(values.get("host_routes") or ()) > MOST_HOST_ROUTES:
        raise InvalidInput(f"At most {MOST_HOST_ROUTES} host_routes are possible.", "HostRoutesExhausted")
    for server in values.get("dns_nameservers") or ():
        if ip_address(server).version != prefix.version:
            raise InvalidInput(f"The name server {server} does not match the ip_version {prefix.version}.")
    for route in values.get("host_routes") or ():
        versions = {ip_network(route["destination"]).version, ip_address(route["nexthop"]).version}
        if versions != {prefix.version}:
            raise InvalidInput(f"The route to {route['destination']} does not match the ip_version {prefix.version}.")


def _check_pools(prefix: address_ranges.Prefix, pools: list[dict], gateway: str | None) -> None:
    problem = address_ranges.pool_problem(prefix, pools, gateway)
    if problem is not None:
        message, kind = problem
        if kind == "GatewayConflictWithAllocationPools":
            raise Conflict(message, kind)
        raise InvalidInput(message, kind)


def update(session: Session, context: Context, subnet_id: str, values: dict, revision: int | None = None) -> Subnet:
    """Change a subnet and queue its network's playbook; commits.

    Raises NotFound, InvalidInput, Conflict (GatewayIpInUse, GatewayConflictWithAllocationPools), PreconditionFailed.
    """
    subnet = find_to_change(session, context, Subnet, subnet_id, revision)
    prefix = ip_network(subnet.cidr)
    moved = values.get("gateway_ip", subnet.gateway_ip) != subnet.gateway_ip
    if moved:
        _refuse_gateway_in_use(session, subnet)
        _check_gateway(prefix, values["gateway_ip"])
    if values.get("enable_dhcp") is False and (subnet.ipv6_address_mode or subnet.ipv6_ra_mode):
        raise InvalidInput("enable_dhcp cannot be False while ipv6_ra_mode or ipv6_address_mode is set.")
    if values.get("enable_dhcp") and prefix.prefixlen > prefix.max_prefixlen - 2:
        raise InvalidInput(f"The cidr {prefix} is too small for DHCP; valid: up to /{prefix.max_prefixlen - 2}.")
    _check_options(prefix, values)
    _check_pools(
        prefix, values.get("allocation_pools", subnet.allocation_pools), values.get("gateway_ip", subnet.gateway_ip)
    )
    for name, value in values.items():
        setattr(subnet, name, value)
    subnet.revision_number += 1
    session.flush()
    networks.enqueue_apply(session, context, subnet.network)
    if moved and subnet.network.external:
        _apply_routers(session, context, subnet)
    session.commit()
    return subnet


def _apply_routers(session: Session, context: Context, subnet: Subnet) -> None:
    """The routers whose gateway is on the subnet have to learn where the way out is now."""
    query = select(Router).where(Router.external_network_id == subnet.network_id, Router.deleting.is_(False))
    for router in session.scalars(query):
        routers.enqueue_apply(session, context, router)


def _refuse_gateway_in_use(session: Session, subnet: Subnet) -> None:
    query = (
        select(Port.id)
        .join(IpAllocation, IpAllocation.port_id == Port.id)
        .where(
            IpAllocation.subnet_id == subnet.id,
            IpAllocation.ip_address == subnet.gateway_ip,
            Port.device_owner == ROUTER_INTERFACE,
        )
    )
    port_id = session.scalars(query).first()
    if port_id is not None:
        raise Conflict(
            f"Current gateway ip {subnet.gateway_ip} already in use by port {port_id}. Unable to update.",
            "GatewayIpInUse",
        )


def delete(session: Session, context: Context, subnet_id: str, revision: int | None = None) -> None:
    """Delete a subnet and queue its network's playbook; commits. Raises NotFound, Conflict (SubnetInUse)."""
    subnet = find_to_change(session, context, Subnet, subnet_id, revision)
    if session.scalars(select(IpAllocation.port_id).where(IpAllocation.subnet_id == subnet.id)).first():
        raise Conflict(
            f"Unable to complete operation on subnet {subnet.id}: One or more ports have an IP allocation "
            "from this subnet.",
            "SubnetInUse",
        )
    network = subnet.network
    session.delete(subnet)
    network.revision_number += 1
    session.flush()
    session.expire(network, ["subnets"])
    networks.enqueue_apply(session, context, network)
    session.commit()
