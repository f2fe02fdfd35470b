"""A port as the playbooks want it."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from tenrec_api.models.port import Port


def item(session: Session, port: Port) -> dict:
    """The item of `port_apply`, and a member of `ports` in the item of `server_create` (`mtu` in bytes)."""
    return {
        "id": port.id,
        "name": port.name,
        "network_id": port.network_id,
        "mac_address": port.mac_address,
        "fixed_ips": [{"subnet_id": each.subnet_id, "ip_address": each.ip_address} for each in port.fixed_ips],
        "admin_state_up": port.admin_state_up and port.network.admin_state_up,
        "port_security_enabled": port.port_security_enabled,
        "allowed_address_pairs": [
            {"mac_address": pair.get("mac_address") or port.mac_address, "ip_address": pair["ip_address"]}
            for pair in port.allowed_address_pairs
        ],
        "security_group_ids": port.security_group_ids,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "mtu": port.network.mtu,
    }


def operation_resources(ports: Iterable[Port]) -> tuple[set[str], set[str]]:
    """What an operation on `ports` touches: (exclusively, shared) ids.

    The ports; their networks and security groups.
    """
    ports = list(ports)
    shared = {port.network_id for port in ports}
    shared.update(group_id for port in ports for group_id in port.security_group_ids)
    return {port.id for port in ports}, shared
