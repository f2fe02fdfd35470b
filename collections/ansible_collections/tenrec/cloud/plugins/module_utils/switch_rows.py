"""Rows of a network: its logical switch, its way out to a physical network, and DHCP for its subnets."""

from __future__ import annotations

import hashlib

from ansible_collections.tenrec.cloud.plugins.module_utils import addresses
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import Link, Parent, Row, own_columns

SUBNET_IDS = "tenrec:subnet_ids"
"""External id of a port: the subnets in which it has addresses, with blanks between."""
LEASE_SECONDS = 43200
SERVER_WITHOUT_GATEWAY = "169.254.0.1"
"""Who the DHCP server says it is in a subnet that has no gateway. A link-local address is nobody's in any subnet."""
SWITCH_COLUMNS = ("_uuid", "name", "other_config", "external_ids", "ports", "acls")
PORT_COLUMNS = ("_uuid", "name", "type", "options", "tag", "addresses", "enabled", "external_ids")
MEMBER_COLUMNS = ("name", "dhcpv4_options", "dhcpv6_options", "external_ids")
DHCP_COLUMNS = ("_uuid", "cidr", "options", "external_ids")
ACL_COLUMNS = ("_uuid", "direction", "priority", "match", "action", "external_ids")
DHCP_PRIORITY = 1002
"""Just above the default drop of `neutron_pg_drop`, which would drop a guest's DHCP too."""


def switch_name(network_id):
    """The logical switch of a network."""
    return f"neutron-{network_id}"


def localnet_name(network_id):
    """The port by which a network reaches its physical network."""
    return f"provnet-{network_id}"


def member_of(network_id):
    """The external id by which the ports of a network are found."""
    return {"neutron:network_name": switch_name(network_id)}


def switch_document(network, members=(), have=None):
    """The rows of one network.

    Arguments: network: an item of `network_apply`. members: rows of its ports, which may be older than DHCP in their
    subnet. have: the document of what there is. Raises ItemError for addresses that are none.
    """
    document = {
        "switch": Row(
            "Logical_Switch",
            {
                "name": switch_name(network["id"]),
                "other_config": {"mcast_snoop": "false", "vlan-passthru": "false"},
                "external_ids": {
                    "neutron:network_name": network["name"],
                    "neutron:mtu": str(network["mtu"]),
                },
            },
        )
    }
    if network["physical_network"] is not None:
        document["localnet"] = _localnet(network)
    for subnet in network["subnets"] or []:
        if not subnet["enable_dhcp"]:
            continue
        cidr = addresses.network(subnet["cidr"])
        if cidr.version == 6 and subnet["ipv6_address_mode"] not in ("dhcpv6-stateful", "dhcpv6-stateless"):
            continue
        options = _dhcpv4(subnet, cidr, network["mtu"]) if cidr.version == 4 else _dhcpv6(subnet)
        document[f"subnet {subnet['id']}"] = Row(
            "DHCP_Options",
            {
                "cidr": str(cidr),
                "options": options,
                "external_ids": {"subnet_id": subnet["id"], "tenrec:network_id": network["id"]},
            },
        )
        document[f"dhcp rule {subnet['id']}"] = _dhcp_rule(subnet, cidr)
        found = (have or {}).get(f"subnet {subnet['id']}")
        for member in members:
            column = f"dhcpv{cidr.version}_options"
            document.update(_member_link(member, subnet["id"], column, found.uuid if found else None))
    return document


def _member_link(member, subnet_id, column, dhcp_options):
    """A port's reference to a subnet's DHCP options, when it has an address there and refers to no other options.

    Ports that are applied later refer to them by themselves; this is for those that are older than the options.
    """
    inside = subnet_id in member["external_ids"].get(SUBNET_IDS, "").split()
    trusted = member["external_ids"].get("neutron:device_owner", "").startswith("network:")
    if not inside or trusted or member[column] not in ([], dhcp_options):
        return {}
    label = f"subnet {subnet_id}"
    return {f"{column} of port {member['name']}": Link("Logical_Switch_Port", member["name"], column, label)}


def _localnet(network):
    return Row(
        "Logical_Switch_Port",
        {
            "name": localnet_name(network["id"]),
            "type": "localnet",
            "addresses": ["unknown"],
            "tag": network["segmentation_id"],
            "options": {"network_name": network["physical_network"]},
        },
        parent=Parent("ports", label="switch"),
    )


def server_mac(subnet_id):
    """The DHCP server's MAC address in a subnet: locally administered, and the same whenever it is asked for."""
    digest = hashlib.sha256(subnet_id.encode()).digest()
    return ":".join(["fa", "16", "3e", *(f"{byte:02x}" for byte in digest[:3])])


def _dhcpv4(subnet, cidr, mtu):
    gateway = addresses.address(subnet["gateway_ip"], 4) if subnet["gateway_ip"] else None
    options = {
        "lease_time": str(LEASE_SECONDS),
        "mtu": str(mtu),
        "server_id": gateway or SERVER_WITHOUT_GATEWAY,
        "server_mac": server_mac(subnet["id"]),
    }
    if gateway:
        options["router"] = gateway
    servers = [addresses.address(server, 4) for server in subnet["dns_nameservers"] or []]
    if servers:
        options["dns_server"] = "{" + ", ".join(servers) + "}"
    routes = [
        f"{addresses.network(route['destination'])},{addresses.address(route['nexthop'], 4)}"
        for route in subnet["host_routes"] or []
    ]
    if routes:
        # A client that is given classless routes ignores the router option (RFC 3442), so the default route is one of
        # them.
        if gateway:
            routes.append(f"0.0.0.0/0,{gateway}")
        options["classless_static_route"] = "{" + ", ".join(routes) + "}"
    return options


def _dhcpv6(subnet):
    options = {"server_id": server_mac(subnet["id"])}
    servers = [addresses.address(server, 6) for server in subnet["dns_nameservers"] or []]
    if servers:
        options["dns_server"] = "{" + ", ".join(servers) + "}"
    if subnet["ipv6_address_mode"] == "dhcpv6-stateless":
        options["dhcpv6_stateless"] = "true"
    return options


def _dhcp_rule(subnet, cidr):
    if cidr.version == 4:
        match = f"ip4 && ip4.dst == {{255.255.255.255, {cidr}}} && udp && udp.src == 68 && udp.dst == 67"
    else:
        match = "ip6 && ip6.dst == ff02::1:2 && udp && udp.src == 546 && udp.dst == 547"
    return Row(
        "ACL",
        {
            "direction": "from-lport",
            "priority": DHCP_PRIORITY,
            "match": match,
            "action": "allow",
            "external_ids": {"subnet_id": subnet["id"]},
        },
        parent=Parent("acls", label="switch"),
    )


def found_switch(network_id, switch, ports, dhcp_options, members, acls):
    """The document of what there is. All arguments but the first are rows as `Ovsdb.select` returns them."""
    if switch is None and not dhcp_options:
        return None
    document = {}
    for row in dhcp_options:
        label = f"subnet {row['external_ids']['subnet_id']}"
        document[label] = Row("DHCP_Options", own_columns(row), uuid=row["_uuid"])
        for member in members:
            for column in ("dhcpv4_options", "dhcpv6_options"):
                if member[column] == row["_uuid"]:
                    link = Link("Logical_Switch_Port", member["name"], column, label)
                    document[f"{column} of port {member['name']}"] = link
    if switch is None:
        return document
    document["switch"] = Row("Logical_Switch", own_columns(switch, "ports", "acls"), uuid=switch["_uuid"])
    inside = Parent("ports", label="switch")
    for row in ports:
        if row["name"] == localnet_name(network_id):
            document["localnet"] = Row("Logical_Switch_Port", own_columns(row), inside, row["_uuid"])
    for row in acls:
        if "subnet_id" in row["external_ids"]:
            label = f"dhcp rule {row['external_ids']['subnet_id']}"
            document[label] = Row("ACL", own_columns(row), Parent("acls", label="switch"), row["_uuid"])
    return document
