"""Quotas and extensions."""

import pytest


def test_a_project_sees_its_limits_and_what_it_uses(member, private):
    project = member.caller.project_id
    assert member.get(f"quotas/{project}")["quota"]["network"] == 100
    assert member.get(f"quotas/{project}/default")["quota"]["network"] == 100
    assert member.get(f"quotas/{project}/details.json")["quota"]["network"] == {"limit": 100, "used": 1, "reserved": 0}
    assert member.get(f"quotas/{project}/details")["quota"]["subnet"]["used"] == 1


@pytest.mark.parametrize(
    ("resource", "make"),
    [
        ("network", lambda api, network: api.make("networks", "network", 409, name="n")),
        ("port", lambda api, network: api.make("ports", "port", 409, network_id=network["id"])),
        ("router", lambda api, network: api.make("routers", "router", 409, name="r")),
        ("security_group", lambda api, network: api.make("security-groups", "security_group", 409, name="g")),
        (
            "subnet",
            lambda api, network: api.make(
                "subnets", "subnet", 409, network_id=network["id"], cidr="10.9.0.0/24", ip_version=4
            ),
        ),
        (
            "security_group_rule",
            lambda api, network: api.make(
                "security-group-rules",
                "security_group_rule",
                409,
                security_group_id=api.get("security-groups")["security_groups"][0]["id"],
                direction="ingress",
            ),
        ),
    ],
)
def test_a_limit_holds(member, operator, private, resource, make):
    project = member.caller.project_id
    quota = operator.change(f"quotas/{project}", "quota", **{resource: 0})
    assert quota[resource] == 0
    refused = make(member, private)
    assert refused["type"] == "OverQuota"
    assert resource in refused["message"]
    operator.change(f"quotas/{project}", "quota", **{resource: -1})
    assert [row["project_id"] for row in operator.get("quotas")["quotas"]] == [project]
    operator.delete(f"quotas/{project}")
    assert operator.get("quotas")["quotas"] == []
    operator.delete(f"quotas/{project}", 404)


def test_a_floating_ip_counts_and_its_port_does_not(member, operator, public):
    operator.change(f"quotas/{member.caller.project_id}", "quota", floatingip=1, port=0)
    member.make("floatingips", "floatingip", floating_network_id=public["id"])
    refused = member.make("floatingips", "floatingip", 409, floating_network_id=public["id"])
    assert refused["type"] == "OverQuota"


def test_what_is_deleted_counts_no_more(member, operator):
    operator.change(f"quotas/{member.caller.project_id}", "quota", network=1)
    network = member.network()
    member.make("networks", "network", 409)
    member.delete(f"networks/{network['id']}")
    member.network()


def test_a_limit_below_what_is_used(member, operator, private):
    path = f"quotas/{member.caller.project_id}"
    refused = operator.change(path, "quota", 400, network=0, check_limit=True)
    assert refused["type"] == "InvalidQuotaValue"
    assert operator.change(path, "quota", network=0, force=True)["network"] == 0


def test_others_limits_are_the_admins(member, stranger, operator):
    project = member.caller.project_id
    stranger.get(f"quotas/{project}", 403)
    stranger.get(f"quotas/{project}/details", 403)
    member.change(f"quotas/{project}", "quota", 403, network=1000)
    member.get("quotas", 403)
    operator.change("quotas/nowhere", "quota", 404, network=1)
    operator.change(f"quotas/{project}", "quota", 400, network=-2)
    operator.change(f"quotas/{project}", "quota", 400, trunk=1)


def test_only_what_is_there_is_called_an_extension(member):
    listed = {extension["alias"] for extension in member.get("extensions")["extensions"]}
    assert {"router", "security-group", "external-net", "port-security", "quotas"} <= listed
    assert member.get("extensions/router")["extension"]["alias"] == "router"
    for missing in ("trunk", "qos", "dns-integration", "subnet_allocation", "agent"):
        assert missing not in listed
        assert member.get(f"extensions/{missing}", 404)["type"] == "ExtensionNotFound"


def test_zones(member):
    zones = member.get("availability_zones")["availability_zones"]
    assert {(zone["name"], zone["resource"], zone["state"]) for zone in zones} == {
        ("nova", "network", "available"),
        ("nova", "router", "available"),
    }
