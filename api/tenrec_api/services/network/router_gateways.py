"""A router's gateway: its port on an external network, which belongs to no project."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.port import ROUTER_GATEWAY
from tenrec_api.models.router import Router
from tenrec_api.services.network import addresses, port_rows
from tenrec_api.services.network.lookup import find
from tenrec_api.services.network.router_subnets import refuse_overlap


def change(session: Session, context: Context, router: Router, wanted: dict | None) -> None:
    """Give the router the gateway `wanted`: `network_id`, `enable_snat`, `external_fixed_ips`; None or empty: none.

    Not committed. Raises NotFound, Forbidden (an admin's attributes), InvalidInput (network not external, without
    subnet), Conflict (RouterExternalGatewayInUseByFloatingIp, and those of the address).
    """
    if not wanted:
        if router.external_network_id is not None:
            _refuse_in_use(session, router)
            clear(session, router)
        return
    snat = wanted.get("enable_snat", router.enable_snat if router.external_network_id else True)
    if not context.is_admin and (snat != router.enable_snat if router.external_network_id else not snat):
        raise Forbidden("Only an admin may switch source NAT.", "PolicyNotAuthorized")
    fixed_ips = wanted.get("external_fixed_ips")
    network_id = wanted.get("network_id", router.external_network_id)
    if network_id is None:
        raise InvalidInput("external_gateway_info needs a network_id.", "BadRequest")
    network = find(session, context, Network, network_id)
    if not network.external:
        raise InvalidInput(f"Bad router request: Network {network.id} is not an external network.", "BadRequest")
    if fixed_ips and not context.is_admin and any(entry.get("ip_address") for entry in fixed_ips):
        raise Forbidden("Only an admin may choose a router's address on an external network.", "PolicyNotAuthorized")
    if router.external_network_id != network.id:
        if router.external_network_id is not None:
            _refuse_in_use(session, router)
            clear(session, router)
        _add_port(session, router, network, fixed_ips)
    elif fixed_ips:
        addresses.give(session, router.gateway_port, network, fixed_ips)
        router.gateway_port.revision_number += 1
    router.external_network_id = network.id
    router.enable_snat = snat
    session.flush()
    session.refresh(router, ["gateway_ports"])


def _add_port(session: Session, router: Router, network: Network, fixed_ips: list[dict] | None) -> None:
    if not network.subnets:
        raise InvalidInput(f"Bad router request: Network {network.id} does not contain any subnet.", "BadRequest")
    port = port_rows.add(
        session,
        network,
        project_id="",
        fixed_ips=fixed_ips or None,
        device_id=router.id,
        device_owner=ROUTER_GATEWAY,
        port_security_enabled=False,
    )
    refuse_overlap(session, router, {allocation.subnet_id for allocation in port.fixed_ips}, besides=port.id)


def clear(session: Session, router: Router) -> None:
    """Take the gateway away. The router's playbook removes the logical ports; the row is not needed for that."""
    for port in list(router.gateway_ports):
        session.delete(port)
    router.external_network_id = None
    router.enable_snat = True
    session.flush()
    session.refresh(router, ["gateway_ports"])


def _refuse_in_use(session: Session, router: Router) -> None:
    if session.scalars(select(FloatingIp.id).where(FloatingIp.router_id == router.id)).first():
        raise Conflict(
            f"Gateway cannot be updated for router {router.id}, since a gateway to external network "
            f"{router.external_network_id} is required by one or more floating IPs.",
            "RouterExternalGatewayInUseByFloatingIp",
        )
