"""Each host runs what its groups say and nothing else, and the hosts are one network."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from launcher.status import SERVICES, SERVICES_OF

# Who must reach which port of whom: the worker every host, nodes the images, computes the volumes, chassis the
# southbound database.
WAYS = (
    ("controller", "network", 22),
    ("controller", "compute", 22),
    ("controller", "storage", 22),
    ("network", "controller", 6642),
    ("compute", "controller", 6642),
    ("compute", "controller", 443),
    ("storage", "controller", 443),
    ("compute", "storage", 3260),
)
# What answers others than the hosts of the cloud: SSH, and the API.
TO_ALL = {"controller": {22, 443}, "network": {22}, "compute": {22}, "storage": {22}}
# Beside these: databases, broker, cache, volumes, hypervisors.
PORTS = (22, 443, 3260, 3306, 4369, 5672, 6641, 6642, 11211, 16509, 16514, 25672)
CONNECT = "import socket; socket.create_connection(('{address}', {port}), 5).close()"


def test_services_are_those_of_the_groups(hosts):
    for name in hosts.names("all"):
        expected = {service for group, its in SERVICES_OF.items() if name in hosts.names(group) for service in its}
        states = hosts.host(name).run(f"systemctl is-active {' '.join(SERVICES)}").stdout.split()
        assert {service for service, state in zip(SERVICES, states, strict=True) if state == "active"} == expected, name


@pytest.mark.parametrize(("source", "target", "port"), WAYS)
def test_port_answers_from_where_it_must(hosts, source, target, port):
    for name in hosts.names(source):
        for address in map(hosts.address, hosts.names(target)):
            hosts.host(name).check_output("python3 -c %s", CONNECT.format(address=address, port=port))


def test_from_outside_only_these_ports_answer(hosts):
    def answers(asked):
        try:
            socket.create_connection(asked, timeout=2).close()
        except (ConnectionRefusedError, TimeoutError):
            return False
        return True

    for name in hosts.names("all"):
        asked = [(hosts.address(name), port) for port in PORTS]
        with ThreadPoolExecutor(len(asked)) as pool:
            open_ports = {port for (_, port), answer in zip(asked, pool.map(answers, asked), strict=True) if answer}
        assert open_ports == {port for group, ports in TO_ALL.items() if name in hosts.names(group) for port in ports}


def test_every_chassis_is_registered(hosts):
    listing = hosts.first("controller").check_output("ovn-sbctl --bare --columns=name list Chassis")
    assert sorted(listing.split()) == sorted({*hosts.names("network"), *hosts.names("compute")})


def test_every_chassis_follows_the_databases(hosts):
    # Comes back when all chassis have done what the northbound database holds by now.
    hosts.first("controller").check_output("ovn-nbctl --timeout=20 --wait=hv sync")
