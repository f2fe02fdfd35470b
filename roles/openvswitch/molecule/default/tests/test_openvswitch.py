"""The switch forwards packets and knows its name, also after its daemons were restarted."""

import pytest

BRIDGE = "br-test"
SIDES = {"left": "192.0.2.1", "right": "192.0.2.2"}


def datapath_type(host):
    """What a fresh bridge must ask for on this kernel."""
    return "system" if host.run("ovs-dpctl dump-dps").rc == 0 else "netdev"


@pytest.fixture
def two_namespaces(host):
    """Two network namespaces on one bridge, each with a port of the switch."""
    host.check_output("ovs-vsctl add-br %s -- set Bridge %s datapath_type=%s", BRIDGE, BRIDGE, datapath_type(host))
    for name, address in SIDES.items():
        host.check_output("ovs-vsctl add-port %s %s -- set Interface %s type=internal", BRIDGE, name, name)
        host.check_output("ip netns add %s", name)
        host.check_output("ip link set %s netns %s", name, name)
        host.check_output("ip -n %s address add %s/24 dev %s", name, address, name)
        host.check_output("ip -n %s link set %s up", name, name)
    yield
    host.check_output("ovs-vsctl del-br %s", BRIDGE)
    for name in SIDES:
        host.check_output("ip netns delete %s", name)


def test_switch_forwards_packets(host, two_namespaces):
    ping = 'ip netns exec left python3 -c "{}"'.format(
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5);"
        "s.bind(('192.0.2.1', 7)); s.sendto(b'hello', ('192.0.2.2', 7)); print(s.recv(9).decode())"
    )
    echo = 'ip netns exec right timeout 10 python3 -c "{}"'.format(
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.bind(('192.0.2.2', 7)); data, peer = s.recvfrom(9); s.sendto(data[::-1], peer)"
    )
    assert host.check_output(f"{echo} & sleep 0.5; {ping}") == "olleh"


def test_system_id_is_the_inventory_name_and_survives_a_restart(host):
    wanted = host.ansible.get_variables()["inventory_hostname"]
    host.check_output("systemctl restart ovsdb-server.service")
    assert host.check_output("ovs-vsctl get Open_vSwitch . external_ids:system-id").strip('"') == wanted


def test_database_is_not_on_the_network(host):
    assert not [socket for socket in host.socket.get_listening_sockets() if "6640" in socket]


def test_memory_is_not_locked(host):
    locked = host.check_output("grep VmLck /proc/$(cat /run/openvswitch/ovs-vswitchd.pid)/status").split()[1]
    assert int(locked) == 0
