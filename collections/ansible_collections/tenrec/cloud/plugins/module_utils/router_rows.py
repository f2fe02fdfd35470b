"""Rows of a router: its ports and their ends on the switches, gateway chassis, routes and source NAT."""

from __future__ import annotations

import hashlib
import ipaddress

from ansible_collections.tenrec.cloud.plugins.module_utils import addresses
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import Link, Parent, Row, own_columns
from ansible_collections.tenrec.cloud.plugins.module_utils.switch_rows import switch_name

ROUTER_COLUMNS = ("_uuid", "name", "enabled", "options", "external_ids", "ports", "static_routes", "nat")
PORT_COLUMNS = (
    "_uuid",
    "name",
    "mac",
    "networks",
    "enabled",
    "options",
    "ipv6_ra_configs",
    "external_ids",
    "gateway_chassis",
)
SWITCH_PORT_COLUMNS = (
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
CHASSIS_COLUMNS = ("_uuid", "name", "chassis_name", "priority")
ROUTE_COLUMNS = ("_uuid", "ip_prefix", "nexthop", "policy", "external_ids")
NAT_COLUMNS = ("_uuid", "type", "external_ip", "logical_ip", "external_ids")
GATEWAYS_AT_MOST = 5
"""OVN's own limit for the failover of one gateway port, for it is what BFD sessions are kept between."""
FIRST_PRIORITY = 100


def router_name(router_id):
    """The logical router of a router."""
    return f"neutron-{router_id}"


def router_port_name(port_id):
    """The router's end of a port."""
    return f"lrp-{port_id}"


def router_document(router, gateway_chassis, have_priorities):
    """The rows of one router.

    Arguments: router: an item of `router_apply`. gateway_chassis: names of the chassis that may be gateways.
    have_priorities: {chassis name: priority} of the router's gateway port as it is.
    Raises ItemError when it needs a gateway chassis and there is none.
    """
    gateway = router["gateway"]
    document = {
        "router": Row(
            "Logical_Router",
            {
                "name": router_name(router["id"]),
                "enabled": router["admin_state_up"],
                "options": {"always_learn_from_arp_request": "false", "dynamic_neigh_routers": "true"},
                "external_ids": {
                    "neutron:router_name": router["name"],
                    "neutron:gw_port_id": gateway["port_id"] if gateway else None,
                },
            },
        )
    }
    for interface in router["interfaces"] or []:
        document.update(_port(router, interface))
    for route in router["routes"] or []:
        document.update(_route(route["destination"], route["nexthop"]))
    if gateway:
        document.update(_gateway(router, gateway, gateway_chassis, have_priorities))
    return document


def _port(router, interface, gateway_mtu=None, gateway=False):
    """The two ends of one port: on the router and on the switch."""
    port_id = interface["port_id"]
    networks = [str(addresses.interface(cidr)) for cidr in interface["cidrs"]]
    if not networks:
        raise ItemError(f"port {port_id} of the router has no address")
    router_end = Row(
        "Logical_Router_Port",
        {
            "name": router_port_name(port_id),
            "mac": addresses.mac_address(interface["mac_address"]),
            "networks": networks,
            "options": {"gateway_mtu": gateway_mtu},
            "ipv6_ra_configs": _router_advertisements(interface) if not gateway else {},
            "external_ids": {
                "neutron:router_name": router["id"],
                "neutron:network_name": switch_name(interface["network_id"]),
                "neutron:is_ext_gw": str(gateway),
            },
        },
        parent=Parent("ports", label="router"),
    )
    switch_end = Row(
        "Logical_Switch_Port",
        {
            "name": port_id,
            "type": "router",
            "addresses": ["router"],
            "port_security": [],
            "enabled": True,
            "dhcpv4_options": None,
            "dhcpv6_options": None,
            "options": {
                "router-port": router_port_name(port_id),
                # The gateway chassis announces the router's addresses and those of its floating IPs after a failover.
                "nat-addresses": "router" if gateway else None,
            },
            "external_ids": {
                "neutron:device_id": router["id"],
                "neutron:device_owner": "network:router_gateway" if gateway else "network:router_interface",
                "neutron:network_name": switch_name(interface["network_id"]),
            },
        },
        parent=Parent("ports", table="Logical_Switch", name=switch_name(interface["network_id"])),
    )
    return {f"port {port_id}": router_end, f"switch port {port_id}": switch_end}


def _router_advertisements(interface):
    if not interface["ipv6_ra_mode"]:
        return {}
    modes = {
        "slaac": "slaac",
        "dhcpv6-stateful": "dhcpv6_stateful",
        "dhcpv6-stateless": "dhcpv6_stateless",
    }
    configs = {"address_mode": modes[interface["ipv6_ra_mode"]], "send_periodic": "true"}
    if interface["mtu"]:
        configs["mtu"] = str(interface["mtu"])
    return configs


def _least_mtu(router):
    """The gateway port's `gateway_mtu`, as text, or None when no MTU is known.

    A packet that is larger is answered with "fragmentation needed" at the gateway, in both directions. The tunnels take
    less than the network outside, so without it large packets from there vanish silently.
    """
    known = [port["mtu"] for port in [*(router["interfaces"] or []), router["gateway"]] if port["mtu"]]
    return str(min(known)) if known else None


def _gateway(router, gateway, candidates, have_priorities):
    document = _port(router, gateway, gateway_mtu=_least_mtu(router), gateway=True)
    port = router_port_name(gateway["port_id"])
    for chassis, priority in gateway_priorities(router["id"], candidates, have_priorities).items():
        document[f"gateway chassis {chassis} of {port}"] = Row(
            "Gateway_Chassis",
            {"name": f"{port}_{chassis}", "chassis_name": chassis, "priority": priority},
            parent=Parent("gateway_chassis", label=f"port {gateway['port_id']}"),
        )
    if gateway["gateway_ip"]:
        nexthop = addresses.address(gateway["gateway_ip"])
        everywhere = "::/0" if ":" in nexthop else "0.0.0.0/0"
        document.update(_route(everywhere, nexthop, {"neutron:is_ext_gw": "true"}))
    outside = [parsed for parsed in map(addresses.interface, gateway["cidrs"]) if parsed.version == 4]
    if gateway["enable_snat"] and outside:
        for cidr in router["snat_cidrs"] or []:
            inside = addresses.network(cidr)
            if inside.version == 4:
                document[f"snat {inside}"] = Row(
                    "NAT",
                    {"type": "snat", "external_ip": str(outside[0].ip), "logical_ip": str(inside), "external_ids": {}},
                    parent=Parent("nat", label="router"),
                )
    return document


def gateway_priorities(router_id, candidates, have):
    """Which chassis are a router's gateways, and with what priority; the highest one carries the traffic.

    What there is stays, for moving a gateway interrupts traffic; new chassis come after it. A new router's first
    chassis depends on its id, which spreads routers over the chassis.
    Arguments: candidates: names. have: {name: priority}. Raises ItemError when there are no candidates.
    """
    if not candidates:
        raise ItemError("no network node is a gateway chassis at the moment; a router's gateway needs one")
    kept = sorted((name for name in have if name in candidates), key=lambda name: -have[name])
    fresh = sorted(name for name in candidates if name not in have)
    if fresh:
        turn = int.from_bytes(hashlib.sha256(router_id.encode()).digest()[:4], "big") % len(fresh)
        fresh = fresh[turn:] + fresh[:turn]
    chosen = (kept + fresh)[:GATEWAYS_AT_MOST]
    result = {}
    lowest = FIRST_PRIORITY + 1
    for name in chosen:
        lowest = have[name] if name in have else lowest - 1
        result[name] = lowest
    if lowest < 1:
        return {name: FIRST_PRIORITY - place for place, name in enumerate(chosen)}
    return result


def _route(destination, nexthop, external_ids=None):
    prefix, via = addresses.network(destination), addresses.address(nexthop)
    if ipaddress.ip_address(via).version != prefix.version:
        raise ItemError(f"a route to {prefix} cannot go through {via}")
    row = Row(
        "Logical_Router_Static_Route",
        {"ip_prefix": str(prefix), "nexthop": via, "external_ids": external_ids or {}},
        parent=Parent("static_routes", label="router"),
    )
    return {f"route {prefix} via {via}": row}


def found_router(router, ports, chassis, switch_ports, groups, routes, translations):
    """The document of what there is.

    Arguments: rows as `Ovsdb.select` returns them; router: None when there is none; chassis: for each port a list of
    its gateway chassis; groups: for each switch port a list of the port groups that it is in, which a router's port
    never should be: one that was a tenant's before brings them along, and the default drop would silence it.
    """
    document = {}
    for row, holders in zip(switch_ports, groups, strict=True):
        inside = Parent("ports", table="Logical_Switch")
        label = f"switch port {row['name']}"
        document[label] = Row("Logical_Switch_Port", own_columns(row), inside, row["_uuid"])
        for holder in holders:
            member = Link("Port_Group", holder["name"], "ports", label)
            document[f"{label} in {holder['name']}"] = member
    if router is None:
        return document or None
    columns = own_columns(router, "ports", "static_routes", "nat")
    document["router"] = Row("Logical_Router", columns, uuid=router["_uuid"])
    for row, members in zip(ports, chassis, strict=True):
        label = f"port {row['name'].removeprefix('lrp-')}"
        document[label] = Row(
            "Logical_Router_Port", own_columns(row, "gateway_chassis"), Parent("ports", label="router"), row["_uuid"]
        )
        for member in members:
            document[f"gateway chassis {member['chassis_name']} of {row['name']}"] = Row(
                "Gateway_Chassis", own_columns(member), Parent("gateway_chassis", label=label), member["_uuid"]
            )
    for row in routes:
        document[f"route {row['ip_prefix']} via {row['nexthop']}"] = Row(
            "Logical_Router_Static_Route", own_columns(row), Parent("static_routes", label="router"), row["_uuid"]
        )
    for row in translations:
        if row["type"] == "snat":
            document[f"snat {row['logical_ip']}"] = Row(
                "NAT", own_columns(row), Parent("nat", label="router"), row["_uuid"]
            )
    return document


def have_priorities(document):
    """{chassis name: priority} of a found router's gateway port."""
    return {
        row.columns["chassis_name"]: row.columns["priority"]
        for row in (document or {}).values()
        if row.table == "Gateway_Chassis"
    }
