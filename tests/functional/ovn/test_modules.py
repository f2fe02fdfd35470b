"""The network modules against a private OVN, without Ansible around them."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import Convergence

from tests.functional.ovn.tenant import (
    FLOATING,
    GATEWAY,
    GATEWAY_CHASSIS,
    GROUP,
    INTERFACE,
    NETWORK,
    OUTSIDE,
    PORT,
    ROUTER,
    SUBNET,
)
from tests.functional.private_ovn import plain

NOUNS = ["network", "security_group", "router", "port", "floating_ip"]
TABLES = (
    "Logical_Switch",
    "Logical_Switch_Port",
    "DHCP_Options",
    "ACL",
    "Port_Group",
    "Logical_Router",
    "Logical_Router_Port",
    "Logical_Router_Static_Route",
    "NAT",
    "Gateway_Chassis",
)


NOT_OURS = ("_version", "up", "dynamic_addresses")
"""Columns that northd writes, whenever it gets to it."""


def everything(ovn):
    """All rows, and the number of the last change: it grows with every write, even of the same values."""
    rows = {
        table: sorted(
            str({name: value for name, value in row.items() if name not in NOT_OURS}) for row in ovn.rows(table)
        )
        for table in TABLES
    }
    return {**rows, "changes": ovn.rows("NB_Global")[0]["nb_cfg"]}


def members(value):
    """A set of OVSDB as a list, however many members it has."""
    value = plain(value)
    return value if isinstance(value, list) else [value]


def test_the_story_leaves_the_rows_that_neutron_would(networked, modules, story):
    modules.tell(story)
    port = networked.row("Logical_Switch_Port", PORT)
    (dhcp,) = networked.rows("DHCP_Options", [["external_ids", "includes", ["map", [["subnet_id", SUBNET]]]]])
    gateway = networked.row("Logical_Router_Port", f"lrp-{GATEWAY}")
    (floating,) = networked.rows("NAT", [["external_ids", "includes", ["map", [["neutron:fip_id", FLOATING]]]]])
    assert plain(port["dhcpv4_options"]) == plain(dhcp["_uuid"])
    assert plain(port["_uuid"]) in members(networked.row("Logical_Switch", f"neutron-{NETWORK}")["ports"])
    for group in ("neutron_pg_drop", f"pg_{GROUP.replace('-', '_')}"):
        assert members(networked.row("Port_Group", group)["ports"]) == [plain(port["_uuid"])]
    assert networked.row("Logical_Switch_Port", f"provnet-{OUTSIDE}")["type"] == "localnet"
    assert plain(networked.row("Logical_Switch_Port", INTERFACE)["options"]) == {"router-port": f"lrp-{INTERFACE}"}
    assert plain(gateway["options"]) == {"gateway_mtu": "1442"}
    assert [row["chassis_name"] for row in networked.rows("Gateway_Chassis")] == [GATEWAY_CHASSIS]
    assert plain(floating["_uuid"]) in members(networked.row("Logical_Router", f"neutron-{ROUTER}")["nat"])
    assert (floating["external_ip"], floating["logical_ip"]) == ("198.51.100.10", "10.0.0.5")


def test_northd_makes_a_network_of_it(networked, modules, story):
    modules.tell(story, sync="northd")
    assert modules.warnings == []
    ports = {row["logical_port"]: row["type"] for row in networked.rows("Port_Binding", side="sb")}
    assert ports[PORT] == ""
    assert ports[f"cr-lrp-{GATEWAY}"] == "chassisredirect"
    sets = {row["name"]: members(row["addresses"]) for row in networked.rows("Address_Set", side="sb")}
    assert sets[f"pg_{GROUP.replace('-', '_')}_ip4"] == ["10.0.0.5"]


def test_a_second_run_changes_nothing(networked, modules, story):
    modules.tell(story)
    before = everything(networked)
    again = modules.tell(story)
    assert {result["changed"] for results in again for result in results.values()} == {False}
    assert everything(networked) == before


@pytest.mark.parametrize("noun", NOUNS)
def test_check_mode_says_what_would_change_and_writes_nothing(networked, modules, story, items, noun):
    modules.tell(story[: NOUNS.index(noun)])
    before = everything(networked)
    said = modules.run(noun, items[noun], check_mode=True)
    assert everything(networked) == before
    assert said == modules.run(noun, items[noun])
    assert {result["changed"] for result in said.values()} == {True}


def test_deleting_all_leaves_nothing_and_deleting_again_succeeds(networked, modules, story):
    modules.tell(story)
    for expected in (True, False):
        for noun, items in reversed(story):
            results = modules.run(noun, [{"id": item["id"]} for item in items], state="absent")
            assert {result["changed"] for result in results.values()} == {expected}, noun
    # The default drop is the cloud's own and stays; there is nobody left in it.
    assert [row["name"] for row in networked.rows("Port_Group")] == ["neutron_pg_drop"]
    assert members(networked.row("Port_Group", "neutron_pg_drop")["ports"]) == []
    left = {table for table in TABLES if networked.rows(table)}
    assert left == {"Port_Group", "ACL"}


def test_one_bad_item_does_not_sink_the_others(networked, modules, items):
    own, outside = items["network"]
    bad_cidr = {**own, "id": "bad-cidr", "subnets": [{**own["subnets"][0], "cidr": "10.0.0.1/24"}]}
    # Only the database itself knows that a tag is too large: the whole transaction fails, then each item is on its own.
    bad_tag = {**own, "id": "bad-tag", "physical_network": "external", "segmentation_id": 5000}
    bad_name = {**own, "id": "bad-name", "name": "a\x00b"}
    results = modules.run("network", [bad_cidr, own, bad_tag, bad_name, outside])
    assert results[NETWORK] == {"id": NETWORK, "changed": True}
    assert results[OUTSIDE] == {"id": OUTSIDE, "changed": True}
    assert results["bad-cidr"]["error"] == "'10.0.0.1/24' is not a network, such as 192.0.2.0/24"
    assert "5000" in results["bad-tag"]["error"]
    assert "NUL" in results["bad-name"]["error"]
    names = sorted(row["name"] for row in networked.rows("Logical_Switch"))
    assert names == [f"neutron-{NETWORK}", f"neutron-{OUTSIDE}"]


def test_a_port_says_what_it_misses(modules, items):
    assert modules.run("port", items["port"])[PORT]["error"] == f"network {NETWORK} is not there"
    modules.run("network", items["network"])
    assert modules.run("port", items["port"])[PORT]["error"] == f"security group {GROUP} is not there"


def test_a_floating_ip_and_a_router_say_what_they_miss(modules, items):
    assert modules.run("floating_ip", items["floating_ip"])[FLOATING]["error"] == f"router {ROUTER} is not there"
    assert "is not there" in modules.run("router", items["router"])[ROUTER]["error"]


def test_a_gateway_says_that_it_needs_a_network_node(networked, modules, items):
    networked.transact("sb", [{"op": "delete", "table": "Chassis", "where": []}])
    modules.run("network", items["network"])
    assert "no network node" in modules.run("router", items["router"])[ROUTER]["error"]
    assert networked.rows("Logical_Router") == []


def test_a_new_network_node_takes_its_place_behind_the_old(networked, modules, story, items):
    modules.tell(story)
    networked.add_chassis("network-0", gateway=True)
    networked.add_chassis("compute-1")
    result = modules.run("router", items["router"])[ROUTER]
    assert result == {"id": ROUTER, "changed": True, "gateway_chassis": [GATEWAY_CHASSIS, "network-0"]}


def test_a_floating_ip_moves_and_lets_go(networked, modules, story, items):
    modules.tell(story)
    (floating,) = items["floating_ip"]
    other = {**items["router"][0], "id": "other", "interfaces": [], "gateway": None}
    modules.run("router", [other])
    assert modules.run("floating_ip", [{**floating, "router_id": "other"}])[FLOATING]["changed"]
    assert len(members(networked.row("Logical_Router", "neutron-other")["nat"])) == 1
    assert len(members(networked.row("Logical_Router", f"neutron-{ROUTER}")["nat"])) == 1
    assert modules.run("floating_ip", [{**floating, "router_id": None}])[FLOATING]["changed"]
    assert members(networked.row("Logical_Router", "neutron-other")["nat"]) == []


def test_a_routers_gateway_goes_without_its_router(networked, modules, story, items):
    modules.tell(story)
    (router,) = items["router"]
    assert modules.run("router", [{**router, "gateway": None}])[ROUTER]["changed"]
    assert networked.rows("Gateway_Chassis") == []
    assert networked.rows("Logical_Router_Static_Route") == []
    assert [row["name"] for row in networked.rows("Logical_Router_Port")] == [f"lrp-{INTERFACE}"]
    assert networked.rows("Logical_Switch_Port", [["name", "==", GATEWAY]]) == []
    floating = networked.rows("NAT")
    assert [row["type"] for row in floating] == ["dnat_and_snat"]


def test_dhcp_that_comes_later_reaches_the_ports_that_are_there(networked, modules, story, items):
    (subnet,) = items["network"][0]["subnets"]
    subnet["enable_dhcp"] = False
    modules.tell(story)
    assert members(networked.row("Logical_Switch_Port", PORT)["dhcpv4_options"]) == []
    subnet["enable_dhcp"] = True
    assert modules.run("network", items["network"])[NETWORK]["changed"]
    (dhcp,) = networked.rows("DHCP_Options")
    assert members(networked.row("Logical_Switch_Port", PORT)["dhcpv4_options"]) == [plain(dhcp["_uuid"])]
    assert not modules.run("network", items["network"])[NETWORK]["changed"]
    assert not modules.run("port", items["port"])[PORT]["changed"]


def test_a_tenants_port_becomes_a_routers(networked, modules, story, items):
    """The default drop, which the port was in, would silence the router."""
    modules.tell(story)
    (router,), (port,) = items["router"], items["port"]
    taken = {
        "port_id": PORT,
        "mac_address": port["mac_address"],
        "network_id": NETWORK,
        "cidrs": ["10.0.0.5/24"],
        "mtu": 1442,
    }
    router["interfaces"] = [taken]
    assert modules.run("router", [router])[ROUTER]["changed"]
    row = networked.row("Logical_Switch_Port", PORT)
    assert (row["type"], plain(row["addresses"]), members(row["port_security"])) == ("router", "router", [])
    assert [members(group["ports"]) for group in networked.rows("Port_Group")] == [[], []]
    assert members(row["dhcpv4_options"]) == []
    assert not modules.run("router", [router])[ROUTER]["changed"]
    owned = {**port, "device_owner": "network:router_interface"}
    assert not modules.run("port", [owned])[PORT]["changed"]


def test_what_others_wrote_stays(networked, modules, story):
    modules.tell(story)
    ours = ["name", "==", f"neutron-{NETWORK}"]
    theirs = ["map", [["octavia:seen", "yes"]]]
    mutation = {"op": "mutate", "table": "Logical_Switch", "where": [ours]}
    networked.transact("nb", [{**mutation, "mutations": [["external_ids", "insert", theirs]]}])
    results = modules.tell(story)
    assert {result["changed"] for each in results for result in each.values()} == {False}
    assert plain(networked.row("Logical_Switch", f"neutron-{NETWORK}")["external_ids"])["octavia:seen"] == "yes"


def test_rules_of_a_group_come_and_go(networked, modules, items):
    modules.run("security_group", items["security_group"])
    (group,) = items["security_group"]
    kept = group["rules"][0]
    new = {**group["rules"][1], "id": "new", "protocol": "icmp", "port_range_min": None, "port_range_max": None}
    modules.run("security_group", [{**group, "rules": [kept, new]}])
    rule_id = "neutron:security_group_rule_id"
    rules = {plain(row["external_ids"])[rule_id]: row["match"] for row in networked.rows("ACL")}
    name = f"pg_{GROUP.replace('-', '_')}"
    assert rules == {
        kept["id"]: f"inport == @{name} && ip4",
        "new": f"outport == @{name} && ip4 && ip4.src == 192.0.2.0/24 && icmp4",
    }


def test_a_run_that_died_halfway_is_finished_by_the_next(networked, modules, story, items):
    """Each item is one transaction: a run that is killed leaves whole items, and the next run does the others."""
    modules.run("network", items["network"][:1])
    results = modules.run("network", items["network"])
    assert [results[name]["changed"] for name in (NETWORK, OUTSIDE)] == [False, True]
    modules.tell(story)


def test_two_runs_at_once_make_one_network(networked, modules, items):
    """The slower run finds its transaction refused, reads again, and has nothing left to do."""
    slow = modules.resource("network")
    slow.open()
    try:
        (have,) = slow.read(items["network"][:1])
        modules.run("network", items["network"][:1])
        slow_read = slow.read
        answers = iter([[have]])
        slow.read = lambda wanted: next(answers, None) or slow_read(wanted)
        (result,) = Convergence(slow).run(items["network"][:1])["results"]
    finally:
        slow.close()
    assert "error" not in result
    assert len(networked.rows("Logical_Switch")) == 1


def test_a_list_of_fifty_is_one_transaction(networked, modules, story, items):
    modules.tell(story)
    before = networked.rows("NB_Global")[0]["nb_cfg"]
    (port,) = items["port"]
    many = [
        {
            **port,
            "id": f"port-{number}",
            "mac_address": f"fa:16:3e:00:01:{number:02x}",
            "fixed_ips": [{"subnet_id": SUBNET, "ip_address": f"10.0.0.{100 + number}"}],
        }
        for number in range(50)
    ]
    results = modules.run("port", many)
    assert {result["changed"] for result in results.values()} == {True}
    assert networked.rows("NB_Global")[0]["nb_cfg"] == before + 1


def test_a_silent_chassis_is_a_warning_and_costs_no_more_than_the_timeout(networked, modules, items):
    networked.transact("sb", [{"op": "insert", "table": "Chassis_Private", "row": {"name": "dead"}}])
    results = modules.run("network", items["network"], sync="chassis", sync_timeout=0.3)
    assert results[NETWORK]["changed"]
    assert modules.warnings == ["these chassis have not followed the change yet: dead"]


def test_a_database_that_is_away_is_not_waited_for(modules, tmp_path):
    resource = modules.resource("network", northbound=f"unix:{tmp_path}/nowhere,tcp:127.0.0.1:1")
    with pytest.raises(Exception, match="OVN_Northbound cannot be reached") as problem:
        resource.open()
    assert f"{tmp_path}/nowhere" in str(problem.value)
    assert "tcp:127.0.0.1:1" in str(problem.value)
    assert resource.may_heal(problem.value)
