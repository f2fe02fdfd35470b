"""What asking for a network and all that belongs to it costs, beside OpenStack Zed's medians for the same requests."""

import time
from collections.abc import Callable
from typing import Any

from tests.bench.cloud import Cloud

# Milliseconds of OpenStack on such a machine.
KNOWN = {
    "network": 60.0,
    "subnet": 120.0,
    "router": 40.0,
    "router_gateway": 560.0,
    "router_interface": 980.0,
    "port": 250.0,
    "floating_ip": 950.0,
}
EXTERNAL_CIDR = "198.18.0.0/16"
UNLIMITED = ("network", "subnet", "router", "port", "floatingip")


def taken(admin: Cloud, member: Cloud, rounds: int, warm_up: int) -> dict[str, list[float]]:
    """Milliseconds from the request to its answer by the names of KNOWN, `rounds` of each after `warm_up` more.

    What is made stays: call it for a cloud that goes away.
    """
    _allow(admin, member.project_id)
    external_id = _external(admin)
    found: dict[str, list[float]] = {name: [] for name in KNOWN}
    for number in range(-warm_up, rounds):
        one_round = _chain(member, external_id, f"chain-{number}")
        if number >= 0:
            for name, milliseconds in one_round.items():
                found[name].append(milliseconds)
    return found


def _allow(admin: Cloud, project_id: str) -> None:
    admin.put(f"/network/v2.0/quotas/{project_id}", {"quota": dict.fromkeys(UNLIMITED, -1)})


def _external(admin: Cloud) -> str:
    wanted = {
        "name": "outside",
        "router:external": True,
        "provider:network_type": "flat",
        "provider:physical_network": "external",
    }
    network = admin.post("/network/v2.0/networks", {"network": wanted})["network"]
    subnet = {"network_id": network["id"], "ip_version": 4, "cidr": EXTERNAL_CIDR, "enable_dhcp": False}
    admin.post("/network/v2.0/subnets", {"subnet": subnet})
    return network["id"]


def _chain(member: Cloud, external_id: str, name: str) -> dict[str, float]:
    """One of each, in the order in which people make them."""
    times: dict[str, float] = {}

    def ask(what: str, send: Callable[[str, Any], Any], path: str, body: Any) -> Any:
        began = time.monotonic()
        answer = send(f"/network/v2.0/{path}", body)
        times[what] = (time.monotonic() - began) * 1000
        return answer

    network_id = ask("network", member.post, "networks", {"network": {"name": name}})["network"]["id"]
    subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.9.0.0/24"}
    subnet_id = ask("subnet", member.post, "subnets", {"subnet": subnet})["subnet"]["id"]
    router_id = ask("router", member.post, "routers", {"router": {"name": name}})["router"]["id"]
    gateway = {"external_gateway_info": {"network_id": external_id}}
    ask("router_gateway", member.put, f"routers/{router_id}", {"router": gateway})
    interface = {"subnet_id": subnet_id}
    ask("router_interface", member.put, f"routers/{router_id}/add_router_interface", interface)
    port_id = ask("port", member.post, "ports", {"port": {"network_id": network_id}})["port"]["id"]
    floating_ip = {"floating_network_id": external_id, "port_id": port_id}
    ask("floating_ip", member.post, "floatingips", {"floatingip": floating_ip})
    return times
