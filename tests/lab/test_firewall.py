"""What a host of the lab is answered by each other one: what that one serves to it, and nothing else.

On each host something listens at every port at which anything listens anywhere in the lab, and at some more. So a port
that does not answer was closed by the host's firewall, and not for want of a daemon behind it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from launcher import nodes
from tests.lab.hosts import LabHost, lab_hosts

HOSTS = lab_hosts()
STRANGER = LabHost("a stranger")
EDGES_OF_MOVES = (49151, 49152, 49215, 49216)
NOBODYS = 8765
NOBODYS_UDP = 9876


def served(asked: LabHost, asker: LabHost) -> set[int]:
    """The TCP ports that one host opens to another."""
    ports = {22}
    if "controller" in asked.groups:
        ports.add(443)
        if {"network", "compute"} & set(asker.groups):
            ports.add(6642)
    if "compute" in asker.groups:
        if "storage" in asked.groups:
            ports.add(3260)
        if "compute" in asked.groups:
            ports |= {49152, 49215}
    return ports


def served_to_all(asked: LabHost) -> set[int]:
    """The TCP ports that a host opens to whoever comes."""
    return served(asked, STRANGER)


@cache
def link_local(host: LabHost) -> str:
    """The host's own IPv6 address on the network of all hosts, and the card that leads there from each of them."""
    shown = host("ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link")
    return shown.split()[3].partition("/")[0] + "%eth0"


@pytest.fixture(scope="module")
def every_port(lab) -> set[int]:
    """Each TCP port at which anything listens on any host, be it on loopback, and some more."""
    found = {NOBODYS, *EDGES_OF_MOVES}
    for host in HOSTS.values():
        found |= {int(line.split()[3].rpartition(":")[2]) for line in host("ss", "-Hltn").splitlines()}
    return found


@pytest.fixture(scope="module")
def all_listen(lab, every_port: set[int]) -> Iterator[None]:
    """Whatever a firewall lets through is answered, on each host."""
    with ExitStack() as stack:
        for host in HOSTS.values():
            for address in (host.address, link_local(host)):
                stack.enter_context(host.listening(address, every_port, [NOBODYS_UDP]))
        yield


# The first of all, because what the others let listen would die with the host.
def test_rules_are_there_before_the_services_after_a_power_failure(lab, table):
    """Nothing that comes back with a host is open for a moment."""
    host = next(host for host in HOSTS.values() if "storage" in host.groups)
    asker = next(host for host in HOSTS.values() if "network" in host.groups)
    nodes.kill(host.name)
    nodes.create(host.name)
    loaded, first = (
        float(host("systemctl", "show", "--value", "--property=ActiveEnterTimestampMonotonic", unit))
        for unit in ("tenrec-firewall.service", "basic.target")
    )
    assert 0 < loaded < first
    assert asker.answers_of([("tcp", host.address, 3260)]) == {}
    table.healed(f"{host.name} killed and started, the firewall looked at")


@pytest.mark.parametrize("asker", HOSTS.values(), ids=lambda host: host.name)
def test_neighbour_is_served_what_is_for_it_and_nothing_else(asker, every_port, all_listen):
    others = [host for host in HOSTS.values() if host != asker]
    expected = {("tcp", host.address, port): "open" for host in others for port in served(host, asker)}
    asked = [("tcp", host.address, port) for host in others for port in every_port]
    asked += [("udp", host.address, NOBODYS_UDP) for host in others]
    for host in others:
        asked += [("tcp", link_local(host), port) for port in every_port]
        asked.append(("udp", link_local(host), NOBODYS_UDP))
        expected |= {("tcp", link_local(host), port): "open" for port in served_to_all(host)}
    assert asker.answers_of(asked) == expected


def test_stranger_is_served_what_is_for_everyone(every_port, all_listen):
    expected = {("tcp", host.address, port): "open" for host in HOSTS.values() for port in served_to_all(host)}
    asked = [("tcp", host.address, port) for host in HOSTS.values() for port in every_port]
    assert STRANGER.answers_of(asked) == expected


def test_what_listens_is_there_for_the_host_itself(every_port, all_listen):
    """The other tests' silence means something: on the host itself the same ports answer."""
    for host in HOSTS.values():
        asked = [("tcp", host.address, port) for port in every_port] + [("udp", host.address, NOBODYS_UDP)]
        assert host.answers_of(asked) == dict.fromkeys(asked, "open")


def test_servers_reach_the_api_and_no_other_port_of_the_hosts(lab, all_listen):
    """What a server sends leaves the gateway under the gateway's own address, which the other hosts trust."""
    behind = [host for host in HOSTS.values() if "network" not in host.groups]
    asked = [f"{host.address} {port}" for host in behind for port in (22, 443, 3260, 6642)]
    each = " ".join(f"(nc -w 4 {place} -e true 2> /dev/null && echo {place}) &" for place in asked)
    reached = set(lab.in_guest("first", f"{each} wait").splitlines())
    assert reached == {f"{host.address} 443" for host in behind if "controller" in host.groups}
