"""The cloud is spread: each host does its part, and what it does is away when it is cut off."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from launcher import nodes, partitions
from launcher.commands import run
from tests.acceptance.host import wait_until
from tests.lab.hosts import LabHost, in_group, lab_hosts

HOSTS = lab_hosts()
CONTROL_PACKAGES = {"mariadb-server", "rabbitmq-server", "memcached", "nginx", "ovn-central"}
CONTROL_UNITS = {
    "mariadb.service", "rabbitmq-server.service", "memcached.service", "nginx.service", "ovn-central.service",
    "ovn-northd.service", "ovn-ovsdb-server-nb.service", "ovn-ovsdb-server-sb.service", "tenrec-api.service",
    "tenrec-api.socket", "tenrec-worker.service",
}  # fmt: skip
CONTROL_PROCESSES = {"mariadbd", "beam.smp", "epmd", "memcached", "nginx", "ovn-northd", "gunicorn", "tenrec-worker"}
CONTROL_FILES = {
    "/opt/tenrec/api", "/etc/tenrec/api.toml", "/etc/tenrec/ssh", "/etc/tenrec/fernet-keys", "/var/lib/mysql",
    "/run/ovn/ovnnb_db.sock", "/run/ovn/ovnsb_db.sock", "/var/lib/ovn/ovnnb_db.db", "/var/lib/ovn/ovnsb_db.db",
}  # fmt: skip


@pytest.fixture
def whole(lab) -> Iterator[None]:
    """The lab is as it should be before the test, and nothing is cut after it."""
    assert lab.complaints() == []
    yield
    partitions.heal()


@contextmanager
def cut(first: LabHost, second: LabHost) -> Iterator[None]:
    """Two hosts do not reach each other."""
    partitions.cut(nodes.find(first.name), nodes.find(second.name))
    try:
        yield
    finally:
        partitions.heal()


def host_of(lab, name: str) -> LabHost:
    """The compute node of one of the lab's servers."""
    return HOSTS[lab.host_of(lab.id_of(name))]


def tunnel_packets(host: LabHost, peer: LabHost) -> tuple[int, int]:
    """Packets that a chassis has received from, and sent to, another one by geneve."""
    shown = peer("ovs-vsctl", "get", "Open_vSwitch", ".", "external_ids:ovn-encap-ip").strip('"')
    found = host("ovs-vsctl", "--format=json", "--columns=options,statistics", "find", "Interface", "type=geneve")
    rows = [(dict(options[1]), dict(statistics[1])) for options, statistics in json.loads(found)["data"]]
    return next((has["rx_packets"], has["tx_packets"]) for is_, has in rows if is_["remote_ip"] == shown)


def pings(lab, name: str, address: str, count: int = 1) -> int:
    """How many answers a server gets from an address."""
    said = lab.in_guest(name, f"sudo ping -c {count} -i 0.2 -W 2 {address}")
    return said.count("bytes from")


def floating_ip_answers(lab, name: str) -> bool:
    """Whether a server answers at its floating IP."""
    return run(["ping", "-n", "-c", "1", "-W", "2", lab.addresses[name]], check=False).returncode == 0


def test_servers_on_two_computes_reach_each_other_through_the_tunnel_of_both(lab, whole):
    here, there = host_of(lab, "first"), host_of(lab, "second")
    assert here != there
    address = lab.fixed_address("second")

    def packets() -> list[int]:
        return [*tunnel_packets(here, there), *tunnel_packets(there, here)]

    before = packets()
    assert pings(lab, "first", address, 20) == 20
    # The switch writes its counters down every few seconds.
    wait_until(lambda: min(now - then for now, then in zip(packets(), before, strict=True)) >= 20, "20 packets", 20)
    # Both still answer the machine through the network node, but one another no more.
    with cut(here, there):
        assert pings(lab, "first", address) == 0
        assert floating_ip_answers(lab, "first")
        assert floating_ip_answers(lab, "second")
    wait_until(lambda: pings(lab, "first", address), "an answer through the healed tunnel", 30)


def test_every_chassis_is_known_by_its_own_tunnel(lab):
    controller = in_group("controller")[0]
    chassis = {host.name for host in HOSTS.values() if {"network", "compute"} & set(host.groups)}
    known = controller("ovn-sbctl", "--bare", "--no-headings", "--columns=name", "list", "Chassis").split()
    assert set(known) == chassis
    encaps = controller("ovn-sbctl", "--bare", "--no-headings", "--columns=type,ip", "list", "Encap").split()
    assert encaps.count("geneve") == len(chassis)
    assert len(set(encaps) - {"geneve"}) == len(chassis)


def test_what_a_server_writes_to_its_volume_is_on_the_storage_node(lab, whole):
    compute, storage = host_of(lab, "first"), in_group("storage")[0]
    volume = lab.member.block_storage.find_volume("first", ignore_missing=False).id
    word = f"stored for {volume}"
    lab.in_guest("first", f"echo '{word}' | sudo tee /dev/vdb > /dev/null && sync")
    path = f"/var/lib/tenrec/volumes/{volume}"
    assert storage("head", "-c", str(len(word)), path) == word
    assert not any(host.succeeds("test", "-e", path) for host in HOSTS.values() if host != storage)
    # iSCSI, from the server's own QEMU to the storage node.
    sessions = compute("ss", "-Htnp", "state", "established", "dst", storage.address, "dport", "=", ":3260")
    assert "qemu-system" in sessions
    assert not in_group("controller")[0]("ss", "-Htn", "state", "established", "dport", "=", ":3260")


def test_floating_ip_goes_through_the_network_node(lab, whole):
    network = in_group("network")[0]
    here = host_of(lab, "first")
    address = lab.fixed_address("first")
    assert floating_ip_answers(lab, "first")
    with cut(network, here):
        assert not floating_ip_answers(lab, "first")
        # The server is well; only its way outside is away.
        assert floating_ip_answers(lab, "second")
        assert pings(lab, "second", address) == 1
    wait_until(lambda: floating_ip_answers(lab, "first"), "an answer at the floating IP", 30)


def test_router_is_on_a_network_node(lab):
    controller = in_group("controller")[0]
    find = ("find", "Port_Binding", "type=chassisredirect")
    gateways = controller("ovn-sbctl", "--bare", "--no-headings", "--columns=chassis", *find).split()
    names = {controller("ovn-sbctl", "get", "Chassis", each, "name").strip('"') for each in gateways}
    assert names
    assert names <= {host.name for host in in_group("network")}


def control_plane_of(host: LabHost) -> dict[str, set[str]]:
    """What of the control plane is installed on a host, known to systemd, running, or lies there as a file."""
    installed = host("dpkg-query", "-f", "${db:Status-Status} ${Package}\n", "-W").splitlines()
    units = host("systemctl", "list-unit-files", "--plain", "--no-legend").splitlines()
    listed = host("systemctl", "list-units", "--all", "--plain", "--no-legend").splitlines()
    processes = host("ps", "-eo", "args=").splitlines()
    programs = {word.rpartition("/")[2].rstrip(":") for line in processes for word in line.split()[:2]}
    return {
        "packages": {line.split()[1] for line in installed if line.startswith("installed ")} & CONTROL_PACKAGES,
        "units": {line.split()[0] for line in [*units, *listed]} & CONTROL_UNITS,
        "processes": programs & CONTROL_PROCESSES,
        "files": set(host("sh", "-c", 'ls -d "$@" 2> /dev/null || true', "sh", *CONTROL_FILES).splitlines()),
    }


def test_nothing_of_the_control_plane_is_on_another_host(lab):
    others = [host for host in HOSTS.values() if "controller" not in host.groups]
    nothing = {"packages": set(), "units": set(), "processes": set(), "files": set()}
    assert {host.name: control_plane_of(host) for host in others} == {host.name: nothing for host in others}


def test_all_of_the_control_plane_is_on_the_controller(lab):
    """The names that the other hosts were searched for are the right ones."""
    assert control_plane_of(in_group("controller")[0]) == {
        "packages": CONTROL_PACKAGES,
        "units": CONTROL_UNITS,
        "processes": CONTROL_PROCESSES,
        "files": CONTROL_FILES,
    }


@pytest.mark.parametrize("group", ["network", "storage", "controller"])
def test_hypervisor_is_on_computes_only(lab, group):
    for host in in_group(group):
        if "compute" not in host.groups:
            assert not host.succeeds("systemctl", "cat", "libvirtd.service"), host.name
            assert not host.succeeds("pgrep", "-f", "qemu-system"), host.name
