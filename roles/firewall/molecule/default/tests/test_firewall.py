"""What the neighbour of a host with rules is answered, and what not."""

import os
import subprocess
import time
from pathlib import Path

import pytest

testinfra_hosts = ["ansible://molecule-firewall"]
LAUNCHER = Path(__file__).resolve().parents[5] / "tenrec"
# What the neighbour or a guest runs: asks a port of an address for an echo, and prints it.
ASK_TCP = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
connection.sendall(b"hello\\n")
print(connection.recv(9).decode())
"""
ASK_UDP = """
import socket, sys
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(2)
asker.sendto(b"hello", (sys.argv[1], int(sys.argv[2])))
print(asker.recv(9).decode())
"""
# One connection, asked each time that a file appears, until it says to stop.
TALK = """
import pathlib, socket, sys, time
connection = socket.create_connection((sys.argv[1], 8001), 2)
for number in range(3):
    connection.sendall(b"hello\\n")
    said = connection.recv(9)
    pathlib.Path(f"/tmp/said-{number}").write_bytes(said)
    while not pathlib.Path(f"/tmp/go-{number}").exists():
        time.sleep(0.05)
"""
GUEST = "198.51.100.2"


@pytest.fixture
def neighbour(host):
    """The other host."""
    return host.get_host(
        "ansible://molecule-firewall-neighbour", ansible_inventory=os.environ["MOLECULE_INVENTORY_FILE"]
    )


@pytest.fixture
def address(host):
    """The address of the host with the rules."""
    return host.interface("eth0").addresses[0]


@pytest.fixture
def guest(host, neighbour, address):
    """A network namespace behind the host, which routes for it. Yields the words that run a command in it."""
    neighbour.check_output(f"ip route replace 198.51.100.0/24 via {address}")
    host.check_output("ip netns add guest && ip link add inner type veth peer name outer netns guest")
    host.check_output("ip address add 198.51.100.1/24 dev inner && ip link set inner up")
    host.check_output(f"ip -n guest address add {GUEST}/24 dev outer && ip -n guest link set outer up")
    host.check_output("ip -n guest link set lo up && ip -n guest route add default via 198.51.100.1")
    host.check_output("sysctl -qw net.ipv4.ip_forward=1")
    yield "ip netns exec guest"
    host.check_output("ip netns delete guest && sysctl -qw net.ipv4.ip_forward=0")
    neighbour.check_output("ip route delete 198.51.100.0/24")


def answers(asker, address, port, program=ASK_TCP, within=""):
    """Whether an address says what it is told, at a port, to who asks."""
    answer = asker.run(f"{within} python3 -c %s %s %s", program, address, str(port))
    assert answer.rc == 0 or "timed out" in answer.stderr, answer.stderr
    return answer.stdout.strip() == "hello"


def test_neighbour_is_served_what_is_for_it(neighbour, address):
    assert {port for port in (8001, 8002, 8003, 8004, 8005, 8011) if answers(neighbour, address, port)} == {
        8001, 8002, 8011,
    }  # fmt: skip
    assert {port for port in (9001, 9002) if answers(neighbour, address, port, ASK_UDP)} == {9001}


def test_same_by_ipv6(host, neighbour):
    link_local = host.check_output("ip -6 -o address show dev eth0 scope link").split()[3].partition("/")[0]
    assert neighbour.run(f"ping -6 -c 1 -W 2 {link_local}%eth0").rc == 0
    asked = f"{link_local}%eth0"
    assert [port for port in (8001, 8002, 8003) if answers(neighbour, asked, port)] == [8001]


def test_host_itself_reaches_everything(host, address):
    for asked in ("127.0.0.1", address):
        assert all(answers(host, asked, port) for port in (8001, 8003, 8005))


def test_host_is_answered_by_others(host, neighbour):
    assert answers(host, neighbour.interface("eth0").addresses[0], 8005)


def test_ssh_and_ping_stay(neighbour, address):
    banner = "import socket, sys; print(socket.create_connection((sys.argv[1], 22), 2).recv(4).decode())"
    assert neighbour.check_output("python3 -c %s %s", banner, address) == "SSH-"
    assert neighbour.run("ping -c 1 -W 2 %s", address).rc == 0


def test_connection_goes_on_while_rules_change(host, neighbour, address):
    neighbour.check_output("rm -f /tmp/said-* /tmp/go-*")
    neighbour.check_output(f"systemd-run --collect --unit=talk python3 -c '{TALK}' {address}")

    def said(number):
        wait = f"for n in $(seq 60); do test -s /tmp/said-{number} && exit 0; sleep 0.05; done; exit 1"
        return neighbour.run(wait).rc == 0

    try:
        assert said(0)
        host.check_output("systemctl reload tenrec-firewall")
        neighbour.check_output("touch /tmp/go-0")
        assert said(1)
        # Even when nobody new would be let in.
        host.check_output("sed '/8001/d' /etc/tenrec/firewall.nft | nft -f -")
        assert not answers(neighbour, address, 8001)
        neighbour.check_output("touch /tmp/go-1")
        assert said(2)
    finally:
        neighbour.check_output("touch /tmp/go-0 /tmp/go-1 /tmp/go-2")
        host.check_output("systemctl reload tenrec-firewall")
    assert answers(neighbour, address, 8001)


def test_rules_that_are_wrong_change_nothing(host, neighbour, address):
    assert host.run("(cat /etc/tenrec/firewall.nft; echo nonsense) | nft -f -").rc != 0
    assert answers(neighbour, address, 8001)
    assert not answers(neighbour, address, 8005)


def test_other_tables_are_left_alone(host):
    host.check_output("nft add table inet foreign")
    host.check_output("systemctl reload tenrec-firewall && systemctl restart tenrec-firewall")
    assert "inet foreign" in host.check_output("nft list tables")
    host.check_output("nft delete table inet foreign")


def test_flush_by_debians_own_unit_does_not_open_the_host(host, neighbour, address):
    for verb in ("start", "reload", "restart", "stop"):
        host.check_output(f"systemctl {verb} nftables")
        assert not answers(neighbour, address, 8005), verb
        assert answers(neighbour, address, 8001), verb


def test_gateway_shields_the_neighbour_from_what_it_routes(host, neighbour, guest):
    reached = neighbour.interface("eth0").addresses[0]
    assert answers(host, reached, 8002)
    assert [port for port in (8001, 8002) if answers(host, reached, port, within=guest)] == [8001]
    # The other way is open.
    assert neighbour.run(f"ping -c 1 -W 2 {GUEST}").rc == 0


def test_rules_are_there_after_the_power_failed(neighbour, address):
    subprocess.run([LAUNCHER, "node", "restart", "molecule-firewall"], check=True)
    deadline = time.monotonic() + 20
    while not answers_soon(neighbour, address):
        assert time.monotonic() < deadline
    test_neighbour_is_served_what_is_for_it(neighbour, address)


def answers_soon(neighbour, address):
    """Whether the service is back; until then its port is closed, which is no time-out."""
    return neighbour.run("python3 -c %s %s 8001", ASK_TCP, address).rc == 0
