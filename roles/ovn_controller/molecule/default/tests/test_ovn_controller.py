"""A port on a tenant's network gets out through the gateway, under an address of the external network."""

import pytest

NORTHBOUND = """
ls-add tenant
lsp-add tenant port1 -- lsp-set-addresses port1 "fa:16:3e:00:00:01 10.1.0.5"
ls-add outside
lsp-add outside wire -- lsp-set-type wire localnet -- lsp-set-addresses wire unknown
lsp-set-options wire network_name=external
lr-add router -- set Logical_Router router options:chassis={chassis}
lrp-add router inner fa:16:3e:00:00:02 10.1.0.1/24
lsp-add tenant to-router -- lsp-set-type to-router router -- lsp-set-addresses to-router router
lsp-set-options to-router router-port=inner
lrp-add router outer fa:16:3e:00:00:03 192.0.2.10/24
lsp-add outside to-gateway -- lsp-set-type to-gateway router -- lsp-set-addresses to-gateway router
lsp-set-options to-gateway router-port=outer
lr-route-add router 0.0.0.0/0 192.0.2.1
lr-nat-add router snat 192.0.2.10 10.1.0.0/24
"""
# Listens on the host, and says which address the client had.
SERVER = """
import socket
server = socket.create_server(("192.0.2.1", 8099))
server.settimeout(15)
client, address = server.accept()
client.sendall(address[0].encode())
"""
CLIENT = 'import socket; print(socket.create_connection(("192.0.2.1", 8099), 10).recv(99).decode())'


@pytest.fixture
def tenant_port(host):
    """A network namespace that is the port of a tenant's network behind a router. Yields the namespace's name."""
    chassis = host.ansible.get_variables()["inventory_hostname"]
    for line in NORTHBOUND.format(chassis=chassis).strip().splitlines():
        host.check_output(f"ovn-nbctl --timeout=10 {line}")
    host.check_output("ovs-vsctl add-port br-int tap1 -- set Interface tap1 type=internal external_ids:iface-id=port1")
    host.check_output("ip netns add guest && ip link set tap1 netns guest")
    host.check_output("ip -n guest link set tap1 address fa:16:3e:00:00:01 up")
    host.check_output("ip -n guest address add 10.1.0.5/24 dev tap1 && ip -n guest route add default via 10.1.0.1")
    host.check_output("ovn-nbctl --timeout=20 --wait=hv sync")
    yield "guest"
    host.check_output("ip netns delete guest; ovs-vsctl del-port br-int tap1")
    host.check_output("ovn-nbctl lr-del router -- ls-del tenant -- ls-del outside")


def test_chassis_is_registered_by_its_name_as_a_gateway(host):
    name = host.ansible.get_variables()["inventory_hostname"]
    chassis = host.check_output(f"ovn-sbctl --columns=other_config list Chassis {name}")
    assert "enable-chassis-as-gw" in chassis
    assert "external:br-ex" in chassis


def test_a_tenants_port_reaches_the_external_network_translated(host, tenant_port):
    host.check_output("cat > /tmp/server.py << 'END'\n" + SERVER + "END")
    answer = host.check_output(
        f"timeout 20 python3 /tmp/server.py & sleep 0.5; timeout 15 ip netns exec {tenant_port} python3 -c '{CLIENT}'"
    )
    assert answer == "192.0.2.10"


def test_what_leaves_beyond_this_host_is_masqueraded(host):
    assert 'ip saddr 192.0.2.0/24 oifname != "br-ex" masquerade' in host.check_output(
        "nft list table ip tenrec_external"
    )
    assert host.sysctl("net.ipv4.ip_forward") == 1


def test_addresses_of_the_bridge_survive_a_restart_of_the_switch(host):
    before = host.check_output("cat /sys/class/net/br-ex/address")
    # The bridge's unit follows by itself; starting it only waits for that.
    host.check_output("systemctl restart ovs-vswitchd.service; systemctl start tenrec-external-bridge.service")
    assert host.check_output("cat /sys/class/net/br-ex/address") == before
    assert "192.0.2.1" in host.interface("br-ex").addresses
    assert "tenrec_external" in host.check_output("nft list tables")


def test_tunnel_bridge_is_the_same_after_the_switch_restarted(host):
    def bridge():
        link = host.check_output("cat /sys/class/net/br-tunnel/address")
        return link, host.interface("br-tunnel").addresses[0], host.check_output("ovs-vsctl list-ports br-tunnel")

    before = bridge()
    assert before[0].startswith("02:")
    assert before[1:] == ("198.51.100.1", "eth1")
    host.check_output("systemctl restart ovs-vswitchd; systemctl start tenrec-tunnel-bridge")
    assert bridge() == before
