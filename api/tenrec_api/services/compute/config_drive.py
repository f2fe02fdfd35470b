"""What a server's guest is told about itself, in the form of OpenStack's metadata service (``/openstack/latest``).

The field names are those of Nova's metadata and of its ``network_data.json`` schema; cloud-init reads both.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.port import Port
from tenrec_api.models.server import Server
from tenrec_api.models.subnet import Subnet

SEED_BYTES = 512


def hostname(name: str, server_id: str) -> str:
    """A valid DNS label (RFC 1123) from a server's name; ``server-<id>`` when nothing of the name is left."""
    label = re.sub(r"[^a-z0-9-]", "", re.sub(r"[\s._]+", "-", name.lower()))
    return label[:63].strip("-") or f"server-{server_id}"


def documents(session: Session, server: Server, ports: Sequence[Port]) -> dict[str, Any]:
    """The ``config_drive`` part of a playbook's item. `user_data` stays base64, as it was given."""
    return {
        "meta_data": meta_data(server),
        "network_data": network_data(session, ports),
        "user_data": server.user_data,
        "vendor_data": {},
    }


def meta_data(server: Server) -> dict[str, Any]:
    """``meta_data.json``.

    The random seed is spread from the row's own, so that a second run finds the same document.
    """
    seed = hashlib.shake_256(f"{server.seed}{server.id}".encode()).digest(SEED_BYTES)
    document: dict[str, Any] = {
        "uuid": server.id,
        "name": server.name,
        "hostname": server.hostname,
        "launch_index": server.launch_index,
        "availability_zone": server.availability_zone,
        "project_id": server.project_id,
        "random_seed": base64.b64encode(seed).decode(),
        "devices": [],
    }
    if server.details:
        document["meta"] = dict(server.details)
    if server.public_key:
        document["public_keys"] = {server.key_name: server.public_key}
        document["keys"] = [{"name": server.key_name, "type": "ssh", "data": server.public_key}]
    return document


def network_data(session: Session, ports: Sequence[Port]) -> dict[str, Any]:
    """``network_data.json``: a link for each port, a network for each of its addresses."""
    wanted = {allocation.subnet_id for port in ports for allocation in port.fixed_ips}
    # Mostly there already: a port comes with its network, and that with its subnets.
    subnets = {subnet_id: session.get_one(Subnet, subnet_id) for subnet_id in wanted}
    links, networks = [], []
    nameservers: dict[str, None] = {}
    for port in ports:
        link = f"tap{port.id[:11]}"
        links.append(
            {
                "id": link,
                "vif_id": port.id,
                "type": "ovs",
                "mtu": port.network.mtu,
                "ethernet_mac_address": port.mac_address,
            }
        )
        for allocation in port.fixed_ips:
            subnet = subnets[allocation.subnet_id]
            entry = {"id": f"network{len(networks)}", "link": link, "network_id": port.network_id}
            networks.append(entry | _addressing(subnet, allocation.ip_address))
            nameservers.update(dict.fromkeys(subnet.dns_nameservers))
    services = [{"type": "dns", "address": address} for address in nameservers]
    return {"links": links, "networks": networks, "services": services}


def _addressing(subnet: Subnet, address: str) -> dict[str, Any]:
    if subnet.enable_dhcp and subnet.ip_version == 4:
        return {"type": "ipv4_dhcp"}
    if subnet.enable_dhcp:
        mode = subnet.ipv6_address_mode or "dhcpv6-stateful"
        return {"type": f"ipv6_{mode}"}
    network = ipaddress.ip_network(subnet.cidr)
    routes = [{"destination": route["destination"], "nexthop": route["nexthop"]} for route in subnet.host_routes]
    if subnet.gateway_ip:
        routes.append({"destination": "0.0.0.0/0" if subnet.ip_version == 4 else "::/0", "nexthop": subnet.gateway_ip})
    return {
        "type": f"ipv{subnet.ip_version}",
        "ip_address": address,
        "netmask": str(network.netmask),
        "routes": [_route(**route) for route in routes],
        "services": [{"type": "dns", "address": nameserver} for nameserver in subnet.dns_nameservers],
    }


def _route(destination: str, nexthop: str) -> dict[str, str]:
    network = ipaddress.ip_network(destination)
    return {"network": str(network.network_address), "netmask": str(network.netmask), "gateway": nexthop}
