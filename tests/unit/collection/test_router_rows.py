"""Golden rows of routers and floating IPs."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.floating_rows import floating_document
from ansible_collections.tenrec.cloud.plugins.module_utils.router_rows import gateway_priorities, router_document

INTERFACE = {
    "port_id": "i",
    "mac_address": "fa:16:3e:00:00:10",
    "network_id": "n",
    "cidrs": ["10.0.0.1/24"],
    "mtu": 1442,
    "ipv6_ra_mode": None,
}
GATEWAY = {
    "port_id": "g",
    "mac_address": "fa:16:3e:00:00:11",
    "network_id": "out",
    "cidrs": ["192.0.2.2/24"],
    "gateway_ip": "192.0.2.1",
    "enable_snat": True,
    "mtu": 1500,
}


def router(**more):
    return {
        "id": "r",
        "name": "edge",
        "admin_state_up": True,
        "interfaces": [INTERFACE],
        "gateway": GATEWAY,
        "snat_cidrs": ["10.0.0.0/24"],
        "routes": [],
        **more,
    }


def document(**more):
    return router_document(router(**more), ["chassis-1"], {})


def test_a_router_to_the_outside():
    rows = document()
    places = {label: (row.table, row.parent and (row.parent.label or row.parent.name)) for label, row in rows.items()}
    assert places == {
        "router": ("Logical_Router", None),
        "port i": ("Logical_Router_Port", "router"),
        "switch port i": ("Logical_Switch_Port", "neutron-n"),
        "port g": ("Logical_Router_Port", "router"),
        "switch port g": ("Logical_Switch_Port", "neutron-out"),
        "gateway chassis chassis-1 of lrp-g": ("Gateway_Chassis", "port g"),
        "route 0.0.0.0/0 via 192.0.2.1": ("Logical_Router_Static_Route", "router"),
        "snat 10.0.0.0/24": ("NAT", "router"),
    }
    assert rows["router"].columns["external_ids"] == {"neutron:router_name": "edge", "neutron:gw_port_id": "g"}
    assert rows["port i"].columns == {
        "name": "lrp-i",
        "mac": "fa:16:3e:00:00:10",
        "networks": ["10.0.0.1/24"],
        "options": {"gateway_mtu": None},
        "ipv6_ra_configs": {},
        "external_ids": {
            "neutron:router_name": "r",
            "neutron:network_name": "neutron-n",
            "neutron:is_ext_gw": "False",
        },
    }
    assert rows["switch port g"].columns["options"] == {"router-port": "lrp-g", "nat-addresses": "router"}
    assert rows["snat 10.0.0.0/24"].columns["external_ip"] == "192.0.2.2"


def test_the_gateway_answers_for_the_least_mtu():
    assert document()["port g"].columns["options"] == {"gateway_mtu": "1442"}
    assert document(interfaces=[])["port g"].columns["options"] == {"gateway_mtu": "1500"}


def test_without_a_gateway_nothing_leads_out():
    rows = document(gateway=None)
    assert list(rows) == ["router", "port i", "switch port i"]
    assert rows["router"].columns["external_ids"]["neutron:gw_port_id"] is None


def test_source_nat_can_be_off():
    assert "snat 10.0.0.0/24" not in document(gateway={**GATEWAY, "enable_snat": False})


def test_routes():
    rows = document(routes=[{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}])
    assert rows["route 10.9.0.0/16 via 10.0.0.9"].columns["ip_prefix"] == "10.9.0.0/16"


@pytest.mark.parametrize(
    ("mode", "configs"),
    [
        ("slaac", {"address_mode": "slaac", "send_periodic": "true", "mtu": "1442"}),
        ("dhcpv6-stateful", {"address_mode": "dhcpv6_stateful", "send_periodic": "true", "mtu": "1442"}),
        (None, {}),
    ],
)
def test_router_advertisements(mode, configs):
    interface = {**INTERFACE, "cidrs": ["fd00::1/64"], "ipv6_ra_mode": mode}
    assert document(interfaces=[interface])["port i"].columns["ipv6_ra_configs"] == configs


@pytest.mark.parametrize(
    "wrong",
    [
        {"routes": [{"destination": "10.9.0.0/16", "nexthop": "fd00::1"}]},
        {"routes": [{"destination": "10.9.0.1/16", "nexthop": "10.0.0.9"}]},
        {"interfaces": [{**INTERFACE, "cidrs": []}]},
        {"interfaces": [{**INTERFACE, "cidrs": ["x"]}]},
        {"snat_cidrs": ["everything"]},
    ],
)
def test_what_is_wrong_is_the_items_error(wrong):
    with pytest.raises(ItemError):
        document(**wrong)


def test_a_gateway_needs_a_network_node():
    with pytest.raises(ItemError, match="no network node"):
        router_document(router(), [], {})


def test_new_routers_spread_over_the_network_nodes():
    candidates = ["a", "b", "c"]
    firsts = set()
    for number in range(30):
        priorities = gateway_priorities(str(number), candidates, {})
        assert sorted(priorities) == candidates
        firsts.add(max(priorities, key=priorities.get))
    assert firsts == set(candidates)


def test_a_gateway_stays_where_it_is():
    have = {"b": 100, "a": 99}
    assert gateway_priorities("r", ["a", "b", "c"], have) == {"b": 100, "a": 99, "c": 98}
    assert gateway_priorities("r", ["a", "c"], have) == {"a": 99, "c": 98}


def test_priorities_begin_again_when_they_run_out():
    assert gateway_priorities("r", ["a", "b"], {"a": 1}) == {"a": 100, "b": 99}


def test_no_more_gateways_than_ovn_takes():
    assert len(gateway_priorities("r", [str(number) for number in range(9)], {})) == 5


FLOATING = {
    "id": "f",
    "floating_ip_address": "192.0.2.10",
    "fixed_ip_address": "10.0.0.5",
    "port_id": "p",
    "router_id": "r",
}


def test_a_floating_ip_is_translated_on_its_router():
    ((label, row),) = floating_document(FLOATING).items()
    assert (label, row.parent.name) == ("nat of neutron-r", "neutron-r")
    assert row.columns == {
        "type": "dnat_and_snat",
        "external_ip": "192.0.2.10",
        "logical_ip": "10.0.0.5",
        "logical_port": None,
        "external_mac": None,
        "external_ids": {
            "neutron:fip_id": "f",
            "neutron:fip_port_id": "p",
            "neutron:router_name": "neutron-r",
        },
    }


def test_a_floating_ip_that_is_bound_to_nothing_has_no_rows():
    assert floating_document({**FLOATING, "router_id": None}) is None
