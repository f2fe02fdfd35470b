"""Networks: made, changed, deleted; what their playbook needs; what it brought back."""

from sqlalchemy import delete as sql_delete
from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.config import Network as Settings
from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import FLAT, GENEVE, VLAN, Network
from tenrec_api.models.operation import Operation
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.services import operations
from tenrec_api.services.network import quotas
from tenrec_api.services.network.applies import enqueue_once
from tenrec_api.services.network.lookup import find, find_to_change, flush, owner_for, require_admin
from tenrec_api.services.network.port_items import operation_resources

ADMIN_ONLY = {
    "shared": False,
    "external": False,
    "is_default": False,
    "network_type": None,
    "physical_network": None,
    "segmentation_id": None,
}
MIN_MTU = 68
# IPv6 needs at least this (RFC 8200, section 5).
MIN_MTU_IPV6 = 1280


def show(session: Session, context: Context, network_id: str) -> Network:
    """The network; raises NotFound."""
    return find(session, context, Network, network_id)


def create(session: Session, context: Context, settings: Settings, values: dict) -> Network:
    """Make a network and queue its playbook; commits.

    Raises Forbidden (attributes that are an admin's), QuotaExceeded, InvalidInput, Conflict (FlatNetworkInUse,
    VlanIdInUse).
    """
    values = dict(values)
    require_admin(context, values, ADMIN_ONLY)
    project_id = owner_for(context, values.pop("project_id", None))
    quotas.check(session, project_id, "network")
    place = _place(settings, values)
    mtu = _mtu(settings, place["network_type"], values.pop("mtu", 0))
    network = Network(project_id=project_id, mtu=mtu, subnets=[], **values | place)
    session.add(network)
    _flush_segment(session, network)
    enqueue_apply(session, context, network)
    session.commit()
    return network


def _place(settings: Settings, values: dict) -> dict:
    """Columns that say where the network is: in tunnels, or on a physical network by itself or with a VLAN's number."""
    kind = values.get("network_type") or (FLAT if values.get("physical_network") else GENEVE)
    physical, number = values.get("physical_network"), values.get("segmentation_id")
    if kind == GENEVE:
        if physical is not None or number is not None:
            raise InvalidInput("A geneve network has no provider:physical_network, and its number is chosen for it.")
        return {"network_type": kind, "physical_network": None, "segmentation_id": None, "segment": None}
    if physical not in settings.physical_networks:
        raise InvalidInput(
            f"Physical network {physical!r:.80} is unknown; valid: {', '.join(settings.physical_networks) or 'none'}."
        )
    if (kind == VLAN) != (number is not None):
        raise InvalidInput("provider:segmentation_id is given for a vlan network, and for no other.")
    place = {"network_type": kind, "physical_network": physical, "segmentation_id": number}
    return place | {"segment": f"{physical}:{FLAT if kind == FLAT else number}"}


def _mtu(settings: Settings, network_type: str, wanted: int) -> int:
    """The MTU in bytes: the one asked for, 0: the largest that fits."""
    largest = settings.tenant_mtu if network_type == GENEVE else settings.physical_mtu
    if wanted and not MIN_MTU <= wanted <= largest:
        raise InvalidInput(f"Requested MTU {wanted} does not fit: valid are {MIN_MTU} to {largest}.", "InvalidInput")
    return wanted or largest


def _flush_segment(session: Session, network: Network) -> None:
    if network.network_type == VLAN:
        message = (
            f"Unable to create the network. The VLAN {network.segmentation_id} on physical network "
            f"{network.physical_network} is in use."
        )
        flush(session, message, "VlanIdInUse")
    else:
        message = f"Unable to create the flat network. Physical network {network.physical_network} is in use."
        flush(session, message, "FlatNetworkInUse")


def update(
    session: Session, context: Context, settings: Settings, network_id: str, values: dict, revision: int | None = None
) -> Network:
    """Change a network and queue its playbook; commits. Raises as `create` does, and Conflict, PreconditionFailed."""
    network = find_to_change(session, context, Network, network_id, revision)
    require_admin(context, values, {name: getattr(network, name) for name in ADMIN_ONLY})
    values = dict(values)
    if "mtu" in values:
        values["mtu"] = _mtu(settings, network.network_type, values["mtu"])
        if values["mtu"] < MIN_MTU_IPV6 and any(subnet.ip_version == 6 for subnet in network.subnets):
            raise InvalidInput(f"Network {network.id} has IPv6 subnets: its MTU must be at least {MIN_MTU_IPV6}.")
    if network.external and values.get("external") is False:
        _refuse_used_as_external(session, network)
    if network.shared and values.get("shared") is False:
        _refuse_used_by_others(session, network)
    switched = values.get("admin_state_up", network.admin_state_up) != network.admin_state_up
    for name, value in values.items():
        setattr(network, name, value)
    network.revision_number += 1
    enqueue_apply(session, context, network)
    if switched:
        _apply_ports(session, context, network)
    session.commit()
    return network


def _apply_ports(session: Session, context: Context, network: Network) -> None:
    """A network that is switched off has all its ports switched off."""
    query = select(Port).where(
        Port.network_id == network.id, Port.deleting.is_(False), Port.device_owner.not_like("network:%")
    )
    for port in session.scalars(query):
        _, shared = operation_resources([port])
        operations.enqueue(
            session, "port_apply", "port", port.id, context=context, project_id=port.project_id, shared=shared
        )


def _refuse_used_as_external(session: Session, network: Network) -> None:
    used = (
        session.scalars(
            select(FloatingIp.id).where(FloatingIp.floating_network_id == network.id, FloatingIp.deleting.is_(False))
        ).first()
        or session.scalars(select(Router.id).where(Router.external_network_id == network.id)).first()
    )
    if used:
        raise Conflict(
            f"External network {network.id} cannot be updated to be made non-external, since it has existing "
            "gateway ports or "
            "floating IPs.",
            "ExternalNetworkInUse",
        )


def _refuse_used_by_others(session: Session, network: Network) -> None:
    query = select(Port.id).where(
        Port.network_id == network.id, Port.deleting.is_(False), Port.project_id.not_in([network.project_id, ""])
    )
    if session.scalars(query).first():
        raise Conflict(
            f"Unable to reconfigure sharing settings for network {network.id}. Multiple tenants are using it.",
            "InvalidSharedSetting",
        )


def delete(session: Session, context: Context, network_id: str, revision: int | None = None) -> None:
    """Delete a network with its subnets and queue the playbook; commits. Raises NotFound, Conflict (NetworkInUse)."""
    network = find_to_change(session, context, Network, network_id, revision)
    if session.scalars(select(Port.id).where(Port.network_id == network.id, Port.deleting.is_(False))).first():
        raise Conflict(
            f"Unable to complete operation on network {network.id}. There are one or more ports still in use "
            "on the network.",
            "NetworkInUse",
        )
    for subnet in list(network.subnets):
        session.delete(subnet)
    network.segment = None
    network.deleting = True
    operations.enqueue(session, "network_delete", "network", network.id, context=context)
    session.commit()


def remove(session: Session, network_id: str) -> None:
    """The playbook of the deletion has run: delete the row, and those of its ports whose own deletion failed."""
    network = session.get(Network, network_id)
    if network is not None and network.deleting:
        session.execute(sql_delete(FloatingIp).where(FloatingIp.floating_network_id == network_id, FloatingIp.deleting))
        session.execute(sql_delete(Port).where(Port.network_id == network_id, Port.deleting))
        session.delete(network)
        session.flush()


def enqueue_apply(session: Session, context: Context | None, network: Network) -> Operation:
    """Queue the network's playbook, unless one waits that will see this change as well."""
    return enqueue_once(session, context, "network_apply", "network", network.id, network.project_id)


def record(session: Session, network_id: str, applied: bool) -> None:
    """Its playbook has run (`applied`) or failed: ACTIVE or ERROR."""
    network = session.get(Network, network_id)
    if network is not None and not network.deleting:
        network.enter("ACTIVE" if applied else "ERROR")
        session.flush()


def item(session: Session, network_id: str) -> dict | None:
    """The item of `network_apply`; None when the network is gone."""
    network = session.get(Network, network_id)
    if network is None or network.deleting:
        return None
    return {
        "id": network.id,
        "name": network.name,
        "mtu": network.mtu,
        "external": network.external,
        "physical_network": network.physical_network,
        "segmentation_id": network.segmentation_id,
        "subnets": [
            {
                "id": subnet.id,
                "name": subnet.name,
                "cidr": subnet.cidr,
                "ip_version": subnet.ip_version,
                "gateway_ip": subnet.gateway_ip,
                "enable_dhcp": subnet.enable_dhcp,
                "dns_nameservers": subnet.dns_nameservers,
                "host_routes": subnet.host_routes,
                "ipv6_address_mode": subnet.ipv6_address_mode,
            }
            for subnet in network.subnets
        ],
    }
