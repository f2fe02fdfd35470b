"""Which address a node gets, and what Ansible is told about it."""

import pytest

from launcher import network, nodes
from launcher.errors import LauncherError
from launcher.nodes import Node, _choose_address


def test_the_allinone_host_is_the_gateway_of_the_external_network():
    assert _choose_address(nodes.ALLINONE, None, []) == "172.30.64.10" == str(network.GATEWAY_NODE_ADDRESS)


def test_other_nodes_get_the_first_free_address():
    others = [Node("a", "172.30.64.100"), Node("b", "172.30.64.102")]
    assert _choose_address("c", None, others) == "172.30.64.101"


@pytest.mark.parametrize("address", ["172.30.64.1", "172.30.72.5", "10.0.0.1"])
def test_an_address_outside_of_the_nodes_network_is_refused(address):
    with pytest.raises(LauncherError, match="cannot be a node's address"):
        _choose_address("c", address, [])


def test_an_address_belongs_to_one_node():
    with pytest.raises(LauncherError, match=r"172\.30\.64\.100 is a's address"):
        _choose_address("c", "172.30.64.100", [Node("a", "172.30.64.100")])


@pytest.mark.parametrize("name", ["", "Upper", "-a", "a-", "a b", "a;b", "../x", "x" * 41])
def test_a_name_that_is_no_host_name_is_refused(name):
    with pytest.raises(LauncherError, match="cannot be a node's name"):
        nodes.create(name)


def test_the_inventory_checks_host_keys():
    variables = nodes.inventory([Node("a", "172.30.64.100")])["all"]["hosts"]["a"]
    assert variables["ansible_host"] == "172.30.64.100"
    assert "StrictHostKeyChecking=yes" in variables["ansible_ssh_common_args"]


def test_nodes_have_distinct_and_local_hardware_addresses():
    first, second = network._mac_address("172.30.64.10"), network._mac_address("172.30.64.11")
    assert first == "02:00:ac:1e:40:0a"
    assert first != second


def test_interface_names_fit_the_kernel():
    for bridge in (network.BRIDGE, network.TUNNEL_BRIDGE):
        names = {network.bridge_end(str(address), bridge) for address in network.MANAGEMENT}
        assert len(names) == network.MANAGEMENT.num_addresses
        assert all(len(name) <= 15 for name in names)
