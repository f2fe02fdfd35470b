"""Golden rows of ports."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.port_rows import port_document

MAC = "fa:16:3e:00:00:01"
OTHER = "fa:16:3e:00:00:99"


def port(**more):
    return {
        "id": "p",
        "name": "web",
        "network_id": "n",
        "mac_address": MAC,
        "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5"}],
        "admin_state_up": True,
        "port_security_enabled": True,
        "allowed_address_pairs": [],
        "security_group_ids": ["g-2", "g-1"],
        "device_id": "server",
        "device_owner": "compute:nova",
        **more,
    }


def columns(**more):
    return port_document(port(**more), {"s": "dhcp-4", "s6": "dhcp-6"})["port"].columns


def test_a_servers_port():
    document = port_document(port(), {"s": "dhcp-4"})
    assert document["port"].columns == {
        "name": "p",
        "type": "",
        "addresses": [f"{MAC} 10.0.0.5"],
        "port_security": [f"{MAC} 10.0.0.5"],
        "enabled": True,
        "dhcpv4_options": "dhcp-4",
        "dhcpv6_options": None,
        "external_ids": {
            "neutron:port_name": "web",
            "neutron:device_id": "server",
            "neutron:device_owner": "compute:nova",
            "neutron:network_name": "neutron-n",
            "neutron:security_group_ids": "g-1 g-2",
            "tenrec:subnet_ids": "s",
        },
    }
    assert document["port"].parent.name == "neutron-n"
    assert sorted(row.name for label, row in document.items() if label != "port") == [
        "neutron_pg_drop",
        "pg_g_1",
        "pg_g_2",
    ]


def test_addresses_read_the_same_in_any_order():
    fixed = [
        {"subnet_id": "s6", "ip_address": "fd00::5"},
        {"subnet_id": "s", "ip_address": "10.0.0.10"},
        {"subnet_id": "s", "ip_address": "10.0.0.9"},
    ]
    assert columns(fixed_ips=fixed)["addresses"] == [f"{MAC} 10.0.0.9 10.0.0.10 fd00::5"]
    assert columns(fixed_ips=fixed[::-1]) == columns(fixed_ips=fixed)
    assert columns(fixed_ips=fixed)["dhcpv6_options"] == "dhcp-6"


def test_without_port_security_everything_passes():
    document = port_document(port(port_security_enabled=False, security_group_ids=[]), {})
    assert document["port"].columns["addresses"] == [f"{MAC} 10.0.0.5", "unknown"]
    assert document["port"].columns["port_security"] == []
    assert list(document) == ["port"]


def test_a_port_without_groups_is_still_in_the_default_drop():
    assert list(port_document(port(security_group_ids=[]), {})) == ["port", "member of neutron_pg_drop"]


def test_allowed_address_pairs_widen_port_security():
    pairs = [
        {"mac_address": None, "ip_address": "10.0.0.100"},
        {"mac_address": OTHER, "ip_address": "10.0.1.0/24"},
        {"mac_address": OTHER, "ip_address": "10.0.2.7/32"},
    ]
    row = columns(allowed_address_pairs=pairs)
    assert row["port_security"] == [f"{MAC} 10.0.0.5 10.0.0.100", f"{OTHER} 10.0.1.0/24 10.0.2.7"]
    assert row["addresses"] == [f"{MAC} 10.0.0.5", OTHER]


def test_the_clouds_own_ports_are_trusted_and_local():
    document = port_document(port(device_owner="network:distributed", security_group_ids=[]), {"s": "dhcp-4"})
    row = document["port"].columns
    assert (row["type"], row["port_security"], row["dhcpv4_options"]) == ("localport", [], None)
    assert row["addresses"] == [f"{MAC} 10.0.0.5"]
    assert list(document) == ["port"]


def test_a_port_that_is_down():
    assert columns(admin_state_up=False)["enabled"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"mac_address": "fa:16:3e:00:00:01 10.0.0.9"},
        {"mac_address": "unknown"},
        {"fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5 10.0.0.6"}]},
        {"allowed_address_pairs": [{"mac_address": None, "ip_address": "10.0.0.5/24"}]},
    ],
)
def test_nothing_but_addresses_gets_into_addresses(wrong):
    with pytest.raises(ItemError, match="is not a"):
        columns(**wrong)
