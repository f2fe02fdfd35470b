"""Ports as tenants ask for them, and as the playbooks want them. Servers' ports: `server_ports`, offered here too."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput
from tenrec_api.models.network import Network
from tenrec_api.models.operation import Operation
from tenrec_api.models.port import FLOATING_IP, ROUTER_GATEWAY, ROUTER_INTERFACE, Port
from tenrec_api.services import operations
from tenrec_api.services.network import addresses, floating_ips, port_rows, quotas, security_groups
from tenrec_api.services.network.lookup import find, find_to_change, flush, owner_for, require_admin
from tenrec_api.services.network.port_items import item, operation_resources
from tenrec_api.services.network.server_ports import (
    addresses_of_servers,
    bind,
    change_security_groups,
    create_for_server,
    find_network_for_server,
    of_server,
    of_servers,
    release_server_ports,
    set_server_active,
)

__all__ = [
    "addresses_of_servers",
    "bind",
    "change_security_groups",
    "create",
    "create_for_server",
    "delete",
    "find_network_for_server",
    "item",
    "of_server",
    "of_servers",
    "operation_resources",
    "release_server_ports",
    "set_server_active",
    "show",
    "update",
]

# Ports that only the routers and floating IPs that own them may change.
OWNED = (ROUTER_INTERFACE, ROUTER_GATEWAY, FLOATING_IP)
RESERVED = ("network:", "compute:")
# Attributes that only an admin may set, and what everybody gets.
ADMIN_ONLY = {"binding_host_id": "", "binding_profile": {}}


def show(session: Session, context: Context, port_id: str) -> Port:
    """The port; raises NotFound."""
    return find(session, context, Port, port_id)


def create(session: Session, context: Context, values: dict) -> Port:
    """Make a port and queue its playbook; commits.

    `values` are the request's attributes by column name, `fixed_ips` and `security_group_ids` among them when given.
    Raises NotFound, Forbidden, QuotaExceeded, InvalidInput and Conflict.
    """
    values = dict(values)
    network = find(session, context, Network, values.pop("network_id"))
    project_id = owner_for(context, values.pop("project_id", None))
    require_admin(context, values, ADMIN_ONLY)
    _check_network(context, network, values)
    _check_device(context, values)
    quotas.check(session, project_id, "port")
    secured = values.pop("port_security_enabled", None)
    secured = network.port_security_enabled if secured is None else secured
    groups = _groups(session, context, project_id, values.pop("security_group_ids", None), secured)
    fixed_ips = values.pop("fixed_ips", None)
    mac_address = values.pop("mac_address", None)
    port = port_rows.add(
        session,
        network,
        project_id=project_id,
        fixed_ips=fixed_ips,
        mac_address=mac_address,
        security_group_ids=groups,
        port_security_enabled=secured,
        **values,
    )
    _check_security(port)
    enqueue_apply(session, context, port)
    session.commit()
    return port


def update(session: Session, context: Context, port_id: str, values: dict, revision: int | None = None) -> Port:
    """Change a port and queue its playbook; commits. Raises as `create` does, and PreconditionFailed."""
    port = find_to_change(session, context, Port, port_id, revision)
    values = dict(values)
    require_admin(context, values, {name: getattr(port, name) for name in ADMIN_ONLY})
    if port.device_owner in OWNED and set(values) - {"name", "description", "admin_state_up"}:
        raise Conflict(
            f"Port {port.id} belongs to a {port.device_owner}: only its name can be changed here.", "ServicePortInUse"
        )
    _check_device(context, values, port)
    _check_network(context, port.network, values)
    touched = set(port.security_group_ids)
    if "fixed_ips" in values:
        addresses.give(session, port, port.network, values.pop("fixed_ips") or [])
        floating_ips.forget_lost_addresses(session, context, port)
    if "security_group_ids" in values:
        port_rows.set_security_groups(
            port, security_groups.check_ids(session, context, values.pop("security_group_ids") or [])
        )
    mac_address = values.pop("mac_address", None)
    if mac_address is not None and mac_address != port.mac_address:
        port_rows.change_mac_address(session, port, mac_address)
        addresses.follow_mac_address(session, port)
    for name, value in values.items():
        setattr(port, name, value)
    _check_security(port)
    port.revision_number += 1
    flush(session, f"The address of port {port.id} was taken a moment ago.", "MacAddressInUse")
    if port.device_owner not in OWNED:
        enqueue_apply(session, context, port, also=touched)
    session.commit()
    return port


def delete(session: Session, context: Context, port_id: str, revision: int | None = None) -> None:
    """Delete a port; commits.

    Its floating IP is given back to its project. Raises NotFound, Conflict (ServicePortInUse).
    """
    port = find_to_change(session, context, Port, port_id, revision)
    if port.device_owner in OWNED:
        raise Conflict(
            f"Port {port.id} cannot be deleted directly via the port API: has device owner {port.device_owner}.",
            "ServicePortInUse",
        )
    floating_ips.forget_ports(session, context, [port.id])
    shared = [port.network_id, *port.security_group_ids]
    port_rows.hide(session, port)
    operations.enqueue(session, "port_delete", "port", port.id, context=context, shared=shared)
    session.commit()


def enqueue_apply(session: Session, context: Context | None, port: Port, also: Iterable[str] = ()) -> Operation:
    """Queue the port's playbook. `also`: groups that it leaves, which must not go away before it did."""
    _, shared = operation_resources([port])
    return operations.enqueue(
        session, "port_apply", "port", port.id, context=context, project_id=port.project_id, shared={*shared, *also}
    )


def _check_network(context: Context, network: Network, values: dict) -> None:
    """On another project's network a caller takes what is given: no chosen addresses, no loosened security."""
    if context.is_admin or context.owns(network.project_id):
        return
    if not network.shared:
        raise Forbidden(
            f"Network {network.id} is external: only an admin may create ports on it.", "PolicyNotAuthorized"
        )
    chosen = any(entry.get("ip_address") for entry in values.get("fixed_ips") or ())
    loosened = (
        values.get("port_security_enabled") is False or values.get("allowed_address_pairs") or values.get("mac_address")
    )
    if chosen or loosened:
        raise Forbidden(
            f"Network {network.id} belongs to another project: addresses and port security on it are its "
            "owner's to choose.",
            "PolicyNotAuthorized",
        )


def _check_device(context: Context, values: dict, port: Port | None = None) -> None:
    """Who owns a port decides what it may do: only the cloud says that it is a server's, a router's or a service's.

    A port of the cloud's own (``network:…``) is trusted; a server (``compute:…``) takes its ports with it.
    """
    owner = values.get("device_owner", "")
    if owner in OWNED or (
        owner.startswith(RESERVED) and not context.is_admin and (not port or owner != port.device_owner)
    ):
        raise InvalidInput(
            f"The device owner {owner} is not a tenant's to choose: servers, routers and floating IPs make such ports."
        )
    if port is not None and port.device_owner.startswith(RESERVED):
        for name in ("device_id", "device_owner"):
            if values.get(name, getattr(port, name)) != getattr(port, name):
                raise Conflict(f"Port {port.id} is still in use by {port.device_id}: detach it there.", "PortInUse")


def _groups(session: Session, context: Context, project_id: str, wanted: list[str] | None, secured: bool) -> list[str]:
    if wanted is not None:
        return security_groups.check_ids(session, context, wanted)
    return [security_groups.default_id(session, context, project_id)] if secured else []


def _check_security(port: Port) -> None:
    """Groups and address pairs are parts of port security: raises Conflict when it is off and they are there."""
    if port.port_security_enabled:
        return
    if port.group_links:
        raise Conflict(
            "Port has security group associated. Cannot disable port security or IP address until the groups "
            "are removed.",
            "PortSecurityPortHasSecurityGroup",
        )
    if port.allowed_address_pairs:
        raise Conflict(
            "Port Security must be enabled in order to have allowed address pairs on a port.",
            "AddressPairAndPortSecurityRequired",
        )


def record(session: Session, port_id: str, applied: bool) -> None:
    """Its playbook has run (`applied`) or failed: it is in ERROR, or in the state from which the server goes on."""
    port = session.get(Port, port_id)
    if port is None or port.deleting:
        return
    if not applied:
        port.enter("ERROR")
    elif not port.admin_state_up or not port.network.admin_state_up:
        port.enter("DOWN")
    elif port.status == "ERROR":
        port.enter("ACTIVE" if port.binding_host_id else "DOWN")
    session.flush()


def apply_item(session: Session, port_id: str) -> dict | None:
    """The item of `port_apply`; None when the port is gone, or a router has taken it over."""
    port = session.get(Port, port_id)
    return None if port is None or port.deleting or port.device_owner in OWNED else item(session, port)


def remove(session: Session, port_id: str) -> None:
    """The playbook of the deletion has run: delete the row.

    A port that a router took over has only lost its old form.
    """
    port = session.get(Port, port_id)
    if port is not None and port.deleting:
        port_rows.remove(session, [port])
