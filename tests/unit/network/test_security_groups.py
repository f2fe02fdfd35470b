"""Security groups: a default one, rules, who names whom."""

import pytest
from sqlalchemy import func, select

from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule

SSH = {"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}


def group_of(member, name="web") -> dict:
    return member.make("security-groups", "security_group", name=name)


def rule_of(member, group, status=201, **attributes) -> dict:
    body = {"security_group_id": group["id"], "direction": "ingress", **attributes}
    return member.make("security-group-rules", "security_group_rule", status, **body)


def test_every_project_finds_its_default_group(member, stranger):
    (default,) = member.get("security-groups")["security_groups"]
    assert default["name"] == "default"
    rules = {
        (rule["direction"], rule["ethertype"], rule["remote_group_id"]) for rule in default["security_group_rules"]
    }
    assert rules == {
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
        ("ingress", "IPv4", default["id"]),
        ("ingress", "IPv6", default["id"]),
    }
    (other,) = stranger.get("security-groups")["security_groups"]
    assert other["id"] != default["id"]
    assert len(member.get("security-groups")["security_groups"]) == 1


def test_a_new_group_lets_everything_out(member, run):
    group = group_of(member)
    assert [rule["direction"] for rule in group["security_group_rules"]] == ["egress", "egress"]
    rule = rule_of(member, group, **SSH, remote_ip_prefix="198.51.100.7", description="from home")
    assert rule["remote_ip_prefix"] == "198.51.100.7/32"
    kind, item = run()[-1]
    assert (kind, item["id"], item["name"]) == ("security_group_apply", group["id"], "web")
    assert item["rules"][-1] == {
        "id": rule["id"],
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 22,
        "port_range_max": 22,
        "remote_ip_prefix": "198.51.100.7/32",
        "remote_group_id": None,
    }
    member.delete(f"security-group-rules/{rule['id']}")
    ((_, item),) = run()
    assert len(item["rules"]) == 2
    member.get(f"security-group-rules/{rule['id']}", 404)


def test_a_rule_is_there_once(member):
    group = group_of(member)
    rule = rule_of(member, group, **SSH)
    twin = rule_of(member, group, 409, **SSH)
    assert twin["type"] == "SecurityGroupRuleExists"
    assert rule["id"] in twin["message"]
    rule_of(member, group, **SSH, ethertype="IPv6")


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"protocol": "tcp", "port_range_min": 80}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": 81, "port_range_max": 80}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 65536}, "InvalidInput"),
        ({"protocol": "icmp", "port_range_max": 0}, "SecurityGroupMissingIcmpType"),
        ({"protocol": "icmp", "port_range_min": 256}, "SecurityGroupInvalidIcmpValue"),
        ({"protocol": "gre", "port_range_min": 1, "port_range_max": 1}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"port_range_min": 1, "port_range_max": 1}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "tcp; drop"}, "InvalidInput"),
        ({"protocol": 256}, "InvalidInput"),
        ({"protocol": "icmpv6"}, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"remote_ip_prefix": "fd00::/64"}, "SecurityGroupRuleParameterConflict"),
        ({"remote_ip_prefix": "anywhere"}, "InvalidInput"),
        ({"direction": "sideways"}, "InvalidInput"),
        ({"ethertype": "ARP"}, "InvalidInput"),
        ({"remote_address_group_id": "0f7e4fd5-3bd6-4ad8-a4b2-6f0f5a5a5a5a"}, "InvalidInput"),
    ],
)
def test_rules_that_make_no_sense(member, attributes, kind):
    assert rule_of(member, group_of(member), 400, **attributes)["type"] == kind


@pytest.mark.parametrize(
    ("given", "kept"),
    [("TCP", "tcp"), (6, "6"), ("6", "6"), ("any", None), ("0", None), (None, None), ("icmp", "icmp")],
)
def test_protocols(member, given, kept):
    assert rule_of(member, group_of(member), protocol=given)["protocol"] == kept


def test_a_group_that_names_another_waits_for_it(member, operations, run):
    web, database = group_of(member, "web"), group_of(member, "database")
    rule_of(member, database, remote_group_id=web["id"])
    assert operations()[-1].touched == {database["id"]: True, web["id"]: False}
    assert rule_of(member, database, 400, remote_group_id=web["id"], remote_ip_prefix="10.0.0.0/8")
    member.delete(f"security-groups/{web['id']}")
    kinds = [(operation.kind, operation.resource_id) for operation in operations()[-2:]]
    assert kinds == [("security_group_apply", database["id"]), ("security_group_delete", web["id"])]
    items = [item for kind, item in run() if kind == "security_group_apply" and item and item["id"] == database["id"]]
    assert [rule["remote_group_id"] for rule in items[-1]["rules"]] == [None, None]


def test_a_group_in_use_stays(member, private, run, session):
    group = group_of(member)
    port = member.port(private, security_groups=[group["id"]])
    assert member.delete(f"security-groups/{group['id']}", 409)["type"] == "SecurityGroupInUse"
    member.delete(f"ports/{port['id']}")
    member.delete(f"security-groups/{group['id']}")
    run()
    assert session.get(SecurityGroup, group["id"]) is None
    query = select(func.count()).where(SecurityGroupRule.security_group_id == group["id"])
    assert session.scalar(query) == 0


def test_the_default_group_stays_what_it_is(member):
    (default,) = member.get("security-groups")["security_groups"]
    refused = member.delete(f"security-groups/{default['id']}", 409)
    assert refused["type"] == "SecurityGroupCannotRemoveDefault"
    assert member.change(f"security-groups/{default['id']}", "security_group", 409, name="mine")
    assert member.change(f"security-groups/{default['id']}", "security_group", description="ours")["name"] == "default"
    assert member.make("security-groups", "security_group", 409, name="default")


def test_strangers_groups_are_not_found(member, stranger, private):
    group = group_of(member)
    stranger.get(f"security-groups/{group['id']}", 404)
    rule_of(stranger, group, 404)
    own = group_of(stranger)
    rule_of(stranger, own, 404, remote_group_id=group["id"])
    refused = member.make("ports", "port", 404, network_id=private["id"], security_groups=[own["id"]])
    assert refused["type"] == "SecurityGroupNotFound"
