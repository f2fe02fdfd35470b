"""Floating IPs: made on an external network, given to a port through the router between the two."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput, NotFound
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.operation import Operation
from tenrec_api.models.port import FLOATING_IP, ROUTER_INTERFACE, IpAllocation, Port
from tenrec_api.models.router import Router
from tenrec_api.models.subnet import Subnet
from tenrec_api.services import operations
from tenrec_api.services.network import port_rows, quotas
from tenrec_api.services.network.lookup import find, find_to_change, flush, owner_for


def show(session: Session, context: Context, floating_ip_id: str) -> FloatingIp:
    """The floating IP; raises NotFound."""
    return find(session, context, FloatingIp, floating_ip_id)


def create(session: Session, context: Context, values: dict) -> FloatingIp:
    """Make a floating IP, and bind it when `values` has a `port_id`; commits.

    Raises NotFound, InvalidInput (network not external), Conflict (address taken, network full), QuotaExceeded.
    """
    values = dict(values)
    network = find(session, context, Network, values.pop("floating_network_id"))
    if not network.external:
        raise InvalidInput(
            f"Bad floatingip request: Network {network.id} is not a valid external network.", "BadRequest"
        )
    project_id = owner_for(context, values.pop("project_id", None))
    quotas.check(session, project_id, "floatingip")
    address, subnet_id = values.pop("floating_ip_address", None), values.pop("subnet_id", None)
    if address and not (context.is_admin or context.owns(network.project_id)):
        raise Forbidden("Only an admin may choose the address of a floating IP.", "PolicyNotAuthorized")
    wanted = {name: value for name, value in (("ip_address", address), ("subnet_id", subnet_id)) if value}
    outside = _add_outside_port(session, network, [wanted] if wanted else None)
    floating_ip = FloatingIp(
        project_id=project_id,
        floating_network_id=network.id,
        floating_ip_address=outside.fixed_ips[0].ip_address,
        floating_port_id=outside.id,
        description=values.get("description", ""),
    )
    session.add(floating_ip)
    session.flush()
    outside.device_id = floating_ip.id
    if values.get("port_id"):
        _bind(session, context, floating_ip, values["port_id"], values.get("fixed_ip_address"))
        enqueue_apply(session, context, floating_ip)
    elif values.get("fixed_ip_address"):
        raise InvalidInput("A fixed_ip_address needs a port_id.", "BadRequest")
    session.commit()
    return floating_ip


def _add_outside_port(session: Session, network: Network, wanted: list[dict] | None) -> Port:
    """The port that holds the address on the external network.

    It belongs to nobody, and IPv4 is all that is translated.
    """
    if wanted is None:
        query = select(Subnet.id).where(
            Subnet.network_id == network.id, Subnet.ip_version == 4, Subnet.deleting.is_(False)
        )
        subnet_ids = list(session.scalars(query.order_by(Subnet.created_at, Subnet.id)))
        if not subnet_ids:
            raise InvalidInput(
                f"Bad floatingip request: Network {network.id} does not contain any IPv4 subnet.", "BadRequest"
            )
        choices = [[{"subnet_id": subnet_id}] for subnet_id in subnet_ids]
    else:
        choices = [wanted]
    for index, choice in enumerate(choices):
        try:
            port = port_rows.add(
                session, network, project_id="", fixed_ips=choice, device_owner=FLOATING_IP, port_security_enabled=False
            )
        except Conflict as error:
            if error.kind != "IpAddressGenerationFailure" or index == len(choices) - 1:
                raise
            continue
        if ":" in port.fixed_ips[0].ip_address:
            raise InvalidInput("Bad floatingip request: only an IPv4 address can be a floating IP.", "BadRequest")
        return port
    raise AssertionError("a choice is either taken or its error raised")


def update(
    session: Session, context: Context, floating_ip_id: str, values: dict, revision: int | None = None
) -> FloatingIp:
    """Change a floating IP and queue its playbook; commits. A `port_id` of None frees it, another one binds it there.

    Raises NotFound, Conflict (FloatingIPPortAlreadyAssociated), InvalidInput, PreconditionFailed.
    """
    floating_ip = find_to_change(session, context, FloatingIp, floating_ip_id, revision)
    if "description" in values:
        floating_ip.description = values["description"]
    floating_ip.revision_number += 1
    before = floating_ip.router_id
    if "port_id" in values or "fixed_ip_address" in values:
        port_id = values.get("port_id", floating_ip.port_id)
        if port_id is None and values.get("fixed_ip_address"):
            raise InvalidInput("A fixed_ip_address needs a port_id.", "BadRequest")
        _free(floating_ip)
        session.flush()
        if port_id is not None:
            _bind(session, context, floating_ip, port_id, values.get("fixed_ip_address"))
        enqueue_apply(session, context, floating_ip, also=[before])
    session.commit()
    return floating_ip


def delete(session: Session, context: Context, floating_ip_id: str, revision: int | None = None) -> None:
    """Delete a floating IP and queue its playbook; commits. Its address can be given again at once. Raises NotFound."""
    floating_ip = find_to_change(session, context, FloatingIp, floating_ip_id, revision)
    shared = [row_id for row_id in (floating_ip.router_id, floating_ip.floating_network_id) if row_id]
    hide(session, floating_ip)
    operations.enqueue(session, "floating_ip_delete", "floating_ip", floating_ip.id, context=context, shared=shared)
    session.commit()


def hide(session: Session, floating_ip: FloatingIp) -> None:
    """The deletion was accepted: free it, and give its address back; the row stays until its playbook has run."""
    _free(floating_ip)
    floating_ip.deleting = True
    outside = session.get(Port, floating_ip.floating_port_id) if floating_ip.floating_port_id else None
    floating_ip.floating_port_id = None
    if outside is not None:
        # No logical port was made for it: it only held the address.
        session.delete(outside)
    session.flush()


def remove(session: Session, floating_ip_id: str) -> None:
    """Its playbook has run: delete the row."""
    floating_ip = session.get(FloatingIp, floating_ip_id)
    if floating_ip is not None and floating_ip.deleting:
        session.delete(floating_ip)
        session.flush()


def item(session: Session, floating_ip_id: str) -> dict | None:
    """The item of `floating_ip_apply`; None when the floating IP is gone."""
    floating_ip = session.get(FloatingIp, floating_ip_id)
    if floating_ip is None or floating_ip.deleting:
        return None
    return {
        "id": floating_ip.id,
        "floating_ip_address": floating_ip.floating_ip_address,
        "fixed_ip_address": floating_ip.fixed_ip_address,
        "port_id": floating_ip.port_id,
        "router_id": floating_ip.router_id,
    }


def record(session: Session, floating_ip_id: str, applied: bool) -> None:
    """Its playbook has run (`applied`) or failed: ACTIVE while it is bound, else DOWN, or ERROR."""
    floating_ip = session.get(FloatingIp, floating_ip_id)
    if floating_ip is not None and not floating_ip.deleting:
        floating_ip.enter("ERROR" if not applied else "ACTIVE" if floating_ip.router_id else "DOWN")
        session.flush()


def enqueue_apply(
    session: Session, context: Context | None, floating_ip: FloatingIp, also: Iterable[str | None] = ()
) -> Operation:
    """Queue the playbook.

    It waits for the router's and the port's own, and for those of `also`, where it was bound before.
    """
    shared = {floating_ip.floating_network_id, floating_ip.router_id, floating_ip.port_id, *also} - {None}
    return operations.enqueue(
        session,
        "floating_ip_apply",
        "floating_ip",
        floating_ip.id,
        context=context,
        project_id=floating_ip.project_id,
        shared=shared,
    )


def forget_ports(session: Session, context: Context | None, port_ids: Iterable[str]) -> None:
    """The ports go away: free their floating IPs and queue the playbooks. Not committed."""
    rows = session.scalars(select(FloatingIp).where(FloatingIp.port_id.in_(list(port_ids))).with_for_update())
    _forget(session, context, list(rows))


def forget_lost_addresses(session: Session, context: Context | None, port: Port) -> None:
    """The port's addresses have changed: free the floating IPs of those that it has no more. Not committed."""
    kept = {allocation.ip_address for allocation in port.fixed_ips}
    rows = session.scalars(select(FloatingIp).where(FloatingIp.port_id == port.id).with_for_update())
    _forget(session, context, [row for row in rows if row.fixed_ip_address not in kept])


def _forget(session: Session, context: Context | None, floating_ips: list[FloatingIp]) -> None:
    for floating_ip in floating_ips:
        router_id = floating_ip.router_id
        _free(floating_ip)
        floating_ip.revision_number += 1
        session.flush()
        enqueue_apply(session, context, floating_ip, also=[router_id])


def _free(floating_ip: FloatingIp) -> None:
    floating_ip.port_id = floating_ip.fixed_ip_address = floating_ip.router_id = None
    floating_ip.enter("DOWN")


def _bind(
    session: Session, context: Context, floating_ip: FloatingIp, port_id: str, fixed_ip_address: str | None
) -> None:
    port = find(session, context, Port, port_id, lock=True)
    if not context.is_admin and not context.owns(port.project_id):
        raise NotFound(f"Port {port_id[:80]} could not be found.", "PortNotFound")
    allocation = _inside_address(port, fixed_ip_address)
    query = select(FloatingIp.id).where(
        FloatingIp.port_id == port.id,
        FloatingIp.fixed_ip_address == allocation.ip_address,
        FloatingIp.id != floating_ip.id,
    )
    if session.scalars(query).first() is not None:
        raise Conflict(
            f"Cannot associate floating IP {floating_ip.floating_ip_address} ({floating_ip.id}) with port "
            f"{port.id} using fixed "
            f"IP {allocation.ip_address}, as that fixed IP already has a floating IP on external network "
            f"{floating_ip.floating_network_id}.",
            "FloatingIPPortAlreadyAssociated",
        )
    floating_ip.router_id = _router_between(session, allocation.subnet_id, floating_ip.floating_network_id, port.id)
    floating_ip.port_id = port.id
    floating_ip.fixed_ip_address = allocation.ip_address
    flush(session, f"Port {port.id} got a floating IP a moment ago.", "FloatingIPPortAlreadyAssociated")


def _inside_address(port: Port, wanted: str | None) -> IpAllocation:
    usable = [allocation for allocation in port.fixed_ips if ":" not in allocation.ip_address]
    if wanted is not None:
        usable = [allocation for allocation in usable if allocation.ip_address == wanted]
        if not usable:
            raise InvalidInput(f"Bad floatingip request: Port {port.id} does not have fixed ip {wanted}.", "BadRequest")
    if not usable:
        raise InvalidInput(
            f"Bad floatingip request: Cannot add floating IP to port {port.id} that has no fixed IPv4 addresses.",
            "BadRequest",
        )
    if len(usable) > 1:
        raise InvalidInput(
            f"Bad floatingip request: Port {port.id} has multiple fixed IPv4 addresses. Must provide a "
            "specific IPv4 address.",
            "BadRequest",
        )
    return usable[0]


def _router_between(session: Session, subnet_id: str, external_network_id: str, port_id: str) -> str:
    """The router with an interface on the subnet and its gateway on the external network; its row stays locked, so that
    neither goes away meanwhile. Raises NotFound.
    """
    query = (
        select(Router)
        .join(Port, Port.device_id == Router.id)
        .join(IpAllocation, IpAllocation.port_id == Port.id)
        .where(
            Port.device_owner == ROUTER_INTERFACE,
            IpAllocation.subnet_id == subnet_id,
            Router.external_network_id == external_network_id,
            Router.deleting.is_(False),
        )
        .order_by(Router.created_at, Router.id)
        .with_for_update(of=Router)
    )
    router = session.scalars(query).first()
    if router is None:
        raise NotFound(
            f"External network {external_network_id} is not reachable from subnet {subnet_id}. Therefore, "
            "cannot associate "
            f"Port {port_id} with a Floating IP.",
            "ExternalGatewayForFloatingIPNotFound",
        )
    return router.id
