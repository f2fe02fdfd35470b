"""Golden rows of networks."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.switch_rows import server_mac, switch_document


def subnet(**more):
    return {
        "id": "s",
        "name": "",
        "cidr": "10.0.0.0/24",
        "ip_version": 4,
        "gateway_ip": "10.0.0.1",
        "enable_dhcp": True,
        "dns_nameservers": [],
        "host_routes": [],
        "ipv6_address_mode": None,
        **more,
    }


def network(*subnets, **more):
    return {
        "id": "n",
        "name": "private",
        "mtu": 1442,
        "external": False,
        "physical_network": None,
        "segmentation_id": None,
        "subnets": list(subnets),
        **more,
    }


def rows(document):
    return {label: (row.table, row.columns) for label, row in document.items()}


def test_a_network_of_its_own():
    assert rows(switch_document(network(subnet(dns_nameservers=["192.0.2.53", "192.0.2.54"])))) == {
        "switch": (
            "Logical_Switch",
            {
                "name": "neutron-n",
                "other_config": {"mcast_snoop": "false", "vlan-passthru": "false"},
                "external_ids": {"neutron:network_name": "private", "neutron:mtu": "1442"},
            },
        ),
        "subnet s": (
            "DHCP_Options",
            {
                "cidr": "10.0.0.0/24",
                "options": {
                    "lease_time": "43200",
                    "mtu": "1442",
                    "router": "10.0.0.1",
                    "server_id": "10.0.0.1",
                    "server_mac": server_mac("s"),
                    "dns_server": "{192.0.2.53, 192.0.2.54}",
                },
                "external_ids": {"subnet_id": "s", "tenrec:network_id": "n"},
            },
        ),
        "dhcp rule s": (
            "ACL",
            {
                "direction": "from-lport",
                "priority": 1002,
                "match": "ip4 && ip4.dst == {255.255.255.255, 10.0.0.0/24} && udp && udp.src == 68 && udp.dst == 67",
                "action": "allow",
                "external_ids": {"subnet_id": "s"},
            },
        ),
    }


def test_an_external_network_has_a_way_out():
    document = switch_document(network(physical_network="external", segmentation_id=7, external=True))
    assert document["localnet"].columns == {
        "name": "provnet-n",
        "type": "localnet",
        "addresses": ["unknown"],
        "tag": 7,
        "options": {"network_name": "external"},
    }


def test_a_subnet_without_dhcp_has_no_rows():
    assert list(switch_document(network(subnet(enable_dhcp=False)))) == ["switch"]


def test_a_subnet_without_a_gateway_hands_out_no_router():
    options = switch_document(network(subnet(gateway_ip=None)))["subnet s"].columns["options"]
    assert "router" not in options
    assert options["server_id"] == "169.254.0.1"


def test_routes_for_hosts_bring_the_default_route_along():
    route = {"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}
    options = switch_document(network(subnet(host_routes=[route])))["subnet s"].columns["options"]
    assert options["classless_static_route"] == "{10.9.0.0/16,10.0.0.9, 0.0.0.0/0,10.0.0.1}"


@pytest.mark.parametrize(("mode", "stateless"), [("dhcpv6-stateful", None), ("dhcpv6-stateless", "true")])
def test_dhcp_for_ipv6(mode, stateless):
    document = switch_document(
        network(subnet(cidr="fd00::/64", ip_version=6, gateway_ip="fd00::1", ipv6_address_mode=mode))
    )
    row = document["subnet s"].columns
    assert row["cidr"] == "fd00::/64"
    assert row["options"].get("dhcpv6_stateless") == stateless
    assert row["options"]["server_id"] == server_mac("s")
    assert "udp.src == 546" in document["dhcp rule s"].columns["match"]


@pytest.mark.parametrize("mode", ["slaac", None])
def test_addresses_that_routers_advertise_need_no_dhcp(mode):
    version6 = subnet(cidr="fd00::/64", ip_version=6, gateway_ip="fd00::1", ipv6_address_mode=mode)
    assert list(switch_document(network(version6))) == ["switch"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cidr": "10.0.0.1/24"},
        {"cidr": "10.0.0.0/24} || 1"},
        {"gateway_ip": "fd00::1"},
        {"dns_nameservers": ["8.8.8.8}, router={10.0.0.9"]},
        {"host_routes": [{"destination": "10.9.0.0/16", "nexthop": "nowhere"}]},
    ],
)
def test_what_is_no_address_is_refused_by_its_value(wrong):
    with pytest.raises(ItemError, match="is not a"):
        switch_document(network(subnet(**wrong)))


def test_the_servers_mac_is_a_subnets_own_for_good():
    assert server_mac("s") == server_mac("s") != server_mac("t")
    assert server_mac("s").startswith("fa:16:3e:")
