"""How soon a request takes effect: the time from sending it until packets or an interface show that it is in force."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.bed import BOOT_SECONDS, Bed
from tests.bench.cloud import Refused, wait
from tests.bench.figures import Row, median_row
from tests.bench.node import Node, Talk

ROUNDS, WARM_UP = 15, 2
SERVER_ROUNDS, SERVER_WARM_UP = 7, 1
EFFECT_SECONDS = 20
# OpenStack Zed's medians on a quiet machine of the same kind, as its users see them: the API's answer for address and
# port (its effect comes later), ACTIVE for servers.
OPENSTACK = "OpenStack Zed"
OPENSTACK_MS = {"floating_ip": 950.0, "port": 250.0, "server_create": 2700.0, "server_delete": 700.0}
OUTSIDE = "br-ex"


def measure(node: Node, bed: Bed) -> list[Row]:
    """The rows of rules, floating IPs, ports and servers."""
    with node.talk("echo.py") as echo:
        rule_id = bed.let_echo_in()
        if _answered(echo, bed.address, BOOT_SECONDS) is None:
            raise Refused(f"the bench's server does not answer at {bed.address}")
        bed.member.delete(f"/network/v2.0/security-group-rules/{rule_id}")
        rules = list(_rules(bed, echo))
        bed.let_echo_in()
        with _known_neighbour(node, bed.address):
            addresses = list(_addresses(bed, echo))
    with node.talk("plug.py") as plug:
        ports = list(_ports(bed, plug))
    with node.talk("bare.py", bed.server_id) as bare:
        bare_rules = [_bare(bare, "rule") for _round in range(WARM_UP + ROUNDS)][WARM_UP:]
        created, deleted, bare_servers = _servers(bed, bare)
    return [
        median_row("rule_effect_p50", rules, "bare ovn-nbctl --wait=hv", bare_rules),
        median_row("floating_ip_effect_p50", addresses, OPENSTACK, OPENSTACK_MS["floating_ip"]),
        median_row("port_effect_p50", ports, OPENSTACK, OPENSTACK_MS["port"]),
        median_row("server_create_p50", created, "bare commands", bare_servers),
        median_row("server_create_p50_openstack", created, OPENSTACK, OPENSTACK_MS["server_create"]),
        median_row("server_delete_p50", deleted, OPENSTACK, OPENSTACK_MS["server_delete"]),
    ]


def _rules(bed: Bed, echo: Talk) -> Iterator[float]:
    """Milliseconds from the request for a rule until the guest's first answer to what the rule lets in."""
    for number in range(-WARM_UP, ROUNDS):
        _silent(echo, bed.address)
        _ask(echo, "answer", bed.address)
        began = time.monotonic()
        rule_id = bed.let_echo_in()
        took = _moment(echo, "a security-group rule's effect") - began
        bed.member.delete(f"/network/v2.0/security-group-rules/{rule_id}")
        if number >= 0:
            yield took * 1000


def _addresses(bed: Bed, echo: Talk) -> Iterator[float]:
    """Milliseconds from the request that gives the address to the guest's port until its first answer there."""
    path = f"/network/v2.0/floatingips/{bed.floating_ip_id}"
    for number in range(-WARM_UP, ROUNDS):
        bed.member.put(path, {"floatingip": {"port_id": None}})
        _silent(echo, bed.address)
        _ask(echo, "answer", bed.address)
        began = time.monotonic()
        bed.member.put(path, {"floatingip": {"port_id": bed.port_id}})
        took = _moment(echo, "a floating IP's effect") - began
        if number >= 0:
            yield took * 1000


def _ports(bed: Bed, plug: Talk) -> Iterator[float]:
    """Milliseconds from the request for a port until an interface plugged into it is set up by OVN."""
    for number in range(-WARM_UP, ROUNDS):
        began = time.monotonic()
        made = bed.member.post("/network/v2.0/ports", {"port": {"network_id": bed.network_id, "name": "bench"}})
        plug.say(made["port"]["id"])
        took = _moment(plug, "a port's effect") - began
        bed.member.delete(f"/network/v2.0/ports/{made['port']['id']}")
        if number >= 0:
            yield took * 1000


def _servers(bed: Bed, bare: Talk) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds until ACTIVE, until gone, and of the bare commands: in turn, so that all meet the same machine."""
    created, deleted, compared = [], [], []
    for number in range(-SERVER_WARM_UP, SERVER_ROUNDS):
        began = time.monotonic()
        server_id = bed.member.post("/compute/v2.1/servers", bed.server_body("bench-timed"))["server"]["id"]
        active = wait(lambda server_id=server_id: bed.member.status(server_id) == "ACTIVE", "a server being ACTIVE")
        asked = time.monotonic()
        path = f"/compute/v2.1/servers/{server_id}"
        bed.member.delete(path)
        gone = wait(lambda path=path: bed.member.gone(path), "the end of a server")
        beside = _bare(bare, "server")
        if number >= 0:
            created.append((active - began) * 1000)
            deleted.append((gone - asked) * 1000)
            compared.append(beside)
    return created, deleted, compared


def _ask(echo: Talk, verb: str, address: str, seconds: float = EFFECT_SECONDS) -> None:
    echo.say(f"{verb} {address} {seconds}")
    if echo.hear() != "ready":
        raise Refused("the program that sends echo requests is out of step")


def _answered(echo: Talk, address: str, seconds: float) -> float | None:
    _ask(echo, "answer", address, seconds)
    answer = echo.hear()
    return None if answer == "late" else float(answer)


def _silent(echo: Talk, address: str) -> None:
    """Wait until nothing comes back from `address`."""
    _ask(echo, "silence", address)
    _moment(echo, f"silence of {address}")


def _moment(talk: Talk, what: str) -> float:
    answer = talk.hear()
    if answer == "late":
        raise Refused(f"{what} did not happen within {EFFECT_SECONDS} s")
    return float(answer)


def _bare(bare: Talk, what: str) -> float:
    bare.say(what)
    return json.loads(bare.hear())


@contextmanager
def _known_neighbour(node: Node, address: str) -> Iterator[None]:
    """Let the host keep the hardware address behind `address` meanwhile.

    Requests sent before the address is in force would make it forget, and its retries, a second apart, are not ours.
    """
    shown = node.run("ip", "neigh", "show", address, "dev", OUTSIDE).split()
    hardware = shown[shown.index("lladdr") + 1]
    node.run("ip", "neigh", "replace", address, "lladdr", hardware, "dev", OUTSIDE, "nud", "permanent")
    try:
        yield
    finally:
        node.run("ip", "neigh", "del", address, "dev", OUTSIDE)
