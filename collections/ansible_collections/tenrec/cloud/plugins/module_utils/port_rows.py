"""Rows of a port: its logical switch port and its membership in port groups."""

from __future__ import annotations

from ansible_collections.tenrec.cloud.plugins.module_utils import addresses
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import Link, Parent, Row, own_columns
from ansible_collections.tenrec.cloud.plugins.module_utils.security_rows import DROP_GROUP, group_name
from ansible_collections.tenrec.cloud.plugins.module_utils.switch_rows import SUBNET_IDS, member_of, switch_name

PORT_COLUMNS = (
    "_uuid",
    "name",
    "type",
    "options",
    "addresses",
    "port_security",
    "enabled",
    "dhcpv4_options",
    "dhcpv6_options",
    "external_ids",
)
ROUTER_OWNERS = ("network:router_interface", "network:router_gateway", "network:ha_router_replicated_interface")
"""Owners whose ports a router's playbook makes, with the router."""
LOCAL_OWNERS = ("network:distributed", "network:dhcp")
"""Owners whose ports are on every chassis at once and never reached from another."""


def port_document(port, dhcp):
    """The rows of one port.

    Arguments: port: an item of `port_apply`. dhcp: uuid of the DHCP options by subnet id, for the subnets that have
    some.
    """
    mac = addresses.mac_address(port["mac_address"])
    ips = addresses.ordered(addresses.address(fixed["ip_address"]) for fixed in port["fixed_ips"] or [])
    groups = sorted(port["security_group_ids"] or [])
    secured = is_secured(port)
    pairs = _allowed_pairs(port, mac) if secured else {}
    # OVN delivers to the addresses that it knows: those of the pairs too, and to `unknown` all others.
    reachable = [" ".join([mac, *ips]), *(other for other in pairs if other != mac)]
    if not port["port_security_enabled"]:
        reachable.append("unknown")
    dhcpv4, dhcpv6 = _dhcp_references(port, dhcp)
    document = {
        "port": Row(
            "Logical_Switch_Port",
            {
                "name": port["id"],
                "type": "localport" if port["device_owner"] in LOCAL_OWNERS else "",
                "addresses": reachable,
                "port_security": _port_security(mac, ips, pairs) if secured else [],
                "enabled": port["admin_state_up"],
                "dhcpv4_options": dhcpv4,
                "dhcpv6_options": dhcpv6,
                "external_ids": {
                    "neutron:port_name": port["name"],
                    "neutron:device_id": port["device_id"],
                    "neutron:device_owner": port["device_owner"],
                    **member_of(port["network_id"]),
                    "neutron:security_group_ids": " ".join(groups),
                    SUBNET_IDS: " ".join(sorted({ip["subnet_id"] for ip in port["fixed_ips"] or []})),
                },
            },
            parent=Parent("ports", table="Logical_Switch", name=switch_name(port["network_id"])),
        )
    }
    if secured:
        for group in [DROP_GROUP, *map(group_name, groups)]:
            document[f"member of {group}"] = Link("Port_Group", group, "ports", "port")
    return document


def is_secured(port):
    """Whether port security and security groups hold for a port: the cloud's own ports are trusted."""
    return port["port_security_enabled"] and not port["device_owner"].startswith("network:")


def _allowed_pairs(port, mac):
    """Further addresses that a port may send from, by MAC address."""
    pairs = {}
    for pair in port["allowed_address_pairs"] or []:
        other = addresses.mac_address(pair["mac_address"]) if pair["mac_address"] else mac
        pairs.setdefault(other, []).append(addresses.address_or_network(pair["ip_address"]))
    return {other: addresses.ordered(allowed) for other, allowed in sorted(pairs.items())}


def _port_security(mac, ips, pairs):
    return [" ".join([mac, *ips, *pairs.get(mac, [])])] + [
        " ".join([other, *allowed]) for other, allowed in pairs.items() if other != mac
    ]


def _dhcp_references(port, dhcp):
    """The uuids of the DHCPv4 and DHCPv6 options of a port: those of the first address of each family that has some."""
    if port["device_owner"].startswith("network:"):
        return None, None
    references = [None, None]
    for fixed in port["fixed_ips"] or []:
        place = 1 if ":" in fixed["ip_address"] else 0
        if references[place] is None:
            references[place] = dhcp.get(fixed["subnet_id"])
    return references


def found_port(row, groups):
    """The document of what there is.

    Arguments: row: of the logical switch port, as `Ovsdb.select` returns it, or None. groups: rows of the port groups
    it is in.
    """
    if row is None:
        return None
    inside = Parent("ports", table="Logical_Switch")
    document = {"port": Row("Logical_Switch_Port", own_columns(row), inside, row["_uuid"])}
    for group in groups:
        document[f"member of {group['name']}"] = Link("Port_Group", group["name"], "ports", "port")
    return document
