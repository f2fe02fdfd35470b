"""Golden matches and rows of security groups."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.security_rows import (
    drop_document,
    group_document,
    group_name,
    rule_match,
)


def rule(**more):
    return {
        "id": "r",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        **more,
    }


@pytest.mark.parametrize(
    ("wanted", "match"),
    [
        ({}, "outport == @pg_g && ip4"),
        ({"direction": "egress", "ethertype": "IPv6"}, "inport == @pg_g && ip6"),
        (
            {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
            "outport == @pg_g && ip4 && tcp && tcp.dst == 22",
        ),
        (
            {"protocol": "17", "port_range_min": 1000, "port_range_max": 2000, "remote_ip_prefix": "10.0.0.0/8"},
            "outport == @pg_g && ip4 && ip4.src == 10.0.0.0/8 && udp && udp.dst >= 1000 && udp.dst <= 2000",
        ),
        ({"protocol": "sctp", "port_range_max": 9}, "outport == @pg_g && ip4 && sctp && sctp.dst <= 9"),
        (
            {"direction": "egress", "remote_group_id": "aa-bb"},
            "inport == @pg_g && ip4 && ip4.dst == $pg_aa_bb_ip4",
        ),
        ({"protocol": "icmp"}, "outport == @pg_g && ip4 && icmp4"),
        (
            {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
            "outport == @pg_g && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0",
        ),
        (
            {"protocol": "ipv6-icmp", "ethertype": "IPv6", "port_range_min": 128},
            "outport == @pg_g && ip6 && icmp6 && icmp6.type == 128",
        ),
        ({"protocol": "58", "ethertype": "IPv6"}, "outport == @pg_g && ip6 && icmp6"),
        ({"protocol": "vrrp"}, "outport == @pg_g && ip4 && ip.proto == 112"),
        ({"protocol": "200"}, "outport == @pg_g && ip4 && ip.proto == 200"),
        ({"protocol": "any"}, "outport == @pg_g && ip4"),
        ({"remote_ip_prefix": "10.1.2.3"}, "outport == @pg_g && ip4 && ip4.src == 10.1.2.3/32"),
        ({"remote_ip_prefix": "10.1.2.3/8"}, "outport == @pg_g && ip4 && ip4.src == 10.0.0.0/8"),
    ],
)
def test_a_rule_becomes_a_match(wanted, match):
    assert rule_match("pg_g", rule(**wanted)) == match


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "tcp || 1"},
        {"protocol": "256"},
        {"remote_ip_prefix": "0.0.0.0/0 || ip6"},
        {"remote_ip_prefix": "fd00::/8"},
        {"remote_group_id": "x || ip"},
    ],
)
def test_nothing_but_checked_values_gets_into_a_match(wrong):
    with pytest.raises(ItemError, match="is not"):
        rule_match("pg_g", rule(**wrong))


def test_a_group_holds_its_rules():
    document = group_document({"id": "a-b", "name": "{{ web }}", "rules": [rule(), rule(id="q", direction="egress")]})
    assert document["group"].columns == {
        "name": "pg_a_b",
        "external_ids": {"neutron:security_group_id": "a-b", "neutron:security_group_name": "{{ web }}"},
    }
    assert document["rule q"].columns == {
        "direction": "from-lport",
        "priority": 1002,
        "match": "inport == @pg_a_b && ip4",
        "action": "allow-related",
        "external_ids": {"neutron:security_group_rule_id": "q"},
    }
    assert document["rule r"].columns["direction"] == "to-lport"


def test_the_default_drop_is_below_every_rule():
    priorities = {row.columns["priority"] for label, row in drop_document().items() if label != "group"}
    allowed = group_document({"id": "g", "name": "", "rules": [rule()]})["rule r"].columns["priority"]
    assert max(priorities) < allowed


@pytest.mark.parametrize("wrong", ["a b", "x\n", "ü", "a'"])
def test_a_group_has_a_harmless_name(wrong):
    assert group_name("1-2") == "pg_1_2"
    with pytest.raises(ItemError):
        group_name(wrong)
