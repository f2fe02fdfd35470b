"""The network playbooks, run as the worker runs them, against a private OVN."""

import re
from pathlib import Path

from tests.functional.ovn.tenant import (
    FLOATING,
    GROUP,
    HOSTILE,
    NETWORK,
    PORT,
    ROUTER,
)
from tests.functional.private_ovn import plain


def faults(result):
    return {name: outcome.fault for name, outcome in result.outcomes.items() if outcome.fault is not None}


def test_a_tenants_story_from_the_first_network_to_nothing(networked, cloud, story):
    evaluated = Path("/tmp/tenrec-evaluated")
    evaluated.unlink(missing_ok=True)
    for noun, items in story:
        result = cloud.run(f"{noun}_apply", items)
        assert (result.status, faults(result)) == ("successful", {}), result.output
        assert {outcome.changed for outcome in result.outcomes.values()} == {True}
    names = [
        plain(networked.row("Logical_Switch", f"neutron-{NETWORK}")["external_ids"])["neutron:network_name"],
        plain(networked.row("Logical_Router", f"neutron-{ROUTER}")["external_ids"])["neutron:router_name"],
        plain(networked.row("Logical_Switch_Port", PORT)["external_ids"])["neutron:port_name"],
        plain(networked.row("Port_Group", f"pg_{GROUP.replace('-', '_')}")["external_ids"])[
            "neutron:security_group_name"
        ],
    ]
    assert names == [HOSTILE] * 4
    assert not evaluated.exists(), "a template in a tenant's name was evaluated"
    assert len(networked.rows("NAT")) == 2
    for noun, items in reversed(story):
        result = cloud.run(f"{noun}_delete", [{"id": item["id"]} for item in items])
        assert (result.status, faults(result)) == ("successful", {}), result.output
    assert [networked.rows(table) for table in ("Logical_Switch", "Logical_Router", "DHCP_Options", "NAT")] == [[]] * 4


def test_an_items_fault_names_the_task(cloud, items):
    network = items["network"][0]
    bad = {**network, "id": "bad", "subnets": [{**network["subnets"][0], "cidr": "10.0.0.1/24"}]}
    result = cloud.run("network_apply", [bad, network])
    assert list(faults(result)) == ["bad"]
    fault = faults(result)["bad"]
    assert (fault.task, fault.host) == ("Apply the network", "node")
    assert fault.message == "'10.0.0.1/24' is not a network, such as 192.0.2.0/24"


def test_a_database_that_is_away_fails_every_item(playbooks, items, tmp_path):
    away = playbooks(tenrec_ovn={"northbound": f"unix:{tmp_path}/nowhere", "sync": "none"})
    result = away.run("floating_ip_apply", items["floating_ip"])
    assert faults(result)[FLOATING].task == "Apply the floating IP"
    assert "OVN_Northbound cannot be reached" in faults(result)[FLOATING].message
    assert faults(result)[FLOATING].transient


def test_check_mode_shows_the_difference_and_writes_nothing(networked, cloud, items):
    # An operator's own variables may not look like templates.
    groups = [{**item, "name": "web"} for item in items["security_group"]]
    shown = cloud.check("security_group_apply", groups)
    assert shown.returncode == 0, shown.stdout
    assert "changed=1" in shown.stdout
    assert re.search(r'^\+ +"neutron:security_group_name": "web"', shown.stdout, re.MULTILINE)
    assert networked.rows("Port_Group") == []
    cloud.run("security_group_apply", groups)
    clean = cloud.check("security_group_apply", groups)
    assert "changed=0" in clean.stdout
    assert "+++ after" not in clean.stdout
