"""Rows of a security group: a port group, and an access rule for each of its rules."""

from __future__ import annotations

import re

from ansible_collections.tenrec.cloud.plugins.module_utils import addresses
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import Parent, Row, own_columns

DROP_GROUP = "neutron_pg_drop"
"""All ports with port security are in it; it drops what no security group allows."""
DROP_PRIORITY = 1001
ALLOW_PRIORITY = 1002
GROUP_COLUMNS = ("_uuid", "name", "acls", "external_ids")
ACL_COLUMNS = ("_uuid", "direction", "priority", "match", "action", "external_ids")
RULE_ID = "neutron:security_group_rule_id"
WITH_PORTS = ("tcp", "udp", "sctp")
PROTOCOL_NUMBERS = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "igmp": 2,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "udplite": 136,
    "vrrp": 112,
}
"""IANA's numbers for the names that the Network API takes, aside from the protocols that have a match of their own."""
NUMBERS_WITH_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "132": "sctp"}
ICMP_NAMES = ("icmp", "icmpv6", "icmp6", "ipv6-icmp")


def group_name(security_group_id):
    """The port group of a security group. A name that is part of matches, so only harmless characters may be in it."""
    name = "pg_" + security_group_id.replace("-", "_")
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise ItemError(f"{security_group_id!r} is not the id of a security group")
    return name


def is_group_name(name):
    """Whether a port group is one of those that ports are put into here; others' groups are left alone."""
    return name == DROP_GROUP or name.startswith("pg_")


def group_document(group):
    """The rows of one security group. Arguments: group: an item of `security_group_apply`."""
    name = group_name(group["id"])
    document = {
        "group": Row(
            "Port_Group",
            {
                "name": name,
                "external_ids": {
                    "neutron:security_group_id": group["id"],
                    "neutron:security_group_name": group["name"],
                },
            },
        )
    }
    for rule in group["rules"] or []:
        document[f"rule {rule['id']}"] = Row(
            "ACL",
            {
                "direction": "to-lport" if rule["direction"] == "ingress" else "from-lport",
                "priority": ALLOW_PRIORITY,
                "match": rule_match(name, rule),
                "action": "allow-related",
                "external_ids": {RULE_ID: rule["id"]},
            },
            parent=Parent("acls", label="group"),
        )
    return document


def drop_document():
    """The rows of the default drop, which all networks share."""
    document = {"group": Row("Port_Group", {"name": DROP_GROUP, "external_ids": {}})}
    for direction, port in (("from-lport", "inport"), ("to-lport", "outport")):
        document[f"drop {direction}"] = Row(
            "ACL",
            {
                "direction": direction,
                "priority": DROP_PRIORITY,
                "match": f"{port} == @{DROP_GROUP} && ip",
                "action": "drop",
                "external_ids": {},
            },
            parent=Parent("acls", label="group"),
        )
    return document


def rule_match(group, rule):
    """The match of a rule, in OVN's expression language.

    Arguments: group: name of the port group. rule: a rule of an item of `security_group_apply`.
    """
    ingress = rule["direction"] == "ingress"
    family = {"IPv4": "ip4", "IPv6": "ip6"}[rule["ethertype"]]
    remote = f"{family}.{'src' if ingress else 'dst'}"
    terms = [f"{'outport' if ingress else 'inport'} == @{group}", family]
    if rule["remote_ip_prefix"] is not None:
        prefix = addresses.interface(rule["remote_ip_prefix"]).network
        if f"ip{prefix.version}" != family:
            raise ItemError(f"rule {rule['id']}: {prefix} is not an {rule['ethertype']} network")
        terms.append(f"{remote} == {prefix}")
    if rule["remote_group_id"] is not None:
        terms.append(f"{remote} == ${group_name(rule['remote_group_id'])}_{family}")
    return " && ".join(terms + _protocol_terms(rule, family))


def _protocol_terms(rule, family):
    protocol = rule["protocol"]
    if protocol in (None, "any", "0"):
        return []
    protocol = NUMBERS_WITH_NAMES.get(protocol, protocol)
    low, high = rule["port_range_min"], rule["port_range_max"]
    if protocol in ICMP_NAMES:
        icmp = "icmp4" if family == "ip4" else "icmp6"
        # For ICMP the Network API puts the type into port_range_min and the code into port_range_max.
        terms = [icmp]
        if low is not None:
            terms.append(f"{icmp}.type == {low}")
        if high is not None:
            terms.append(f"{icmp}.code == {high}")
        return terms
    if protocol in WITH_PORTS:
        return [protocol, *_port_terms(protocol, low, high)]
    number = PROTOCOL_NUMBERS.get(protocol, protocol)
    if not str(number).isdecimal() or not 0 <= int(number) <= 255:
        raise ItemError(f"rule {rule['id']}: {protocol!r} is not the name or number (0 to 255) of an IP protocol")
    return [f"ip.proto == {int(number)}"]


def _port_terms(protocol, low, high):
    if low is None and high is None:
        return []
    if low == high:
        return [f"{protocol}.dst == {low}"]
    terms = []
    if low is not None:
        terms.append(f"{protocol}.dst >= {low}")
    if high is not None:
        terms.append(f"{protocol}.dst <= {high}")
    return terms


def found_group(group, acls):
    """The document of what there is. Arguments: rows as `Ovsdb.select` returns them; group: None when there is none."""
    if group is None:
        return None
    document = {"group": Row("Port_Group", own_columns(group, "acls"), uuid=group["_uuid"])}
    for row in acls:
        rule = row["external_ids"].get(RULE_ID)
        if rule is not None:
            label = f"rule {rule}"
        elif row["action"] == "drop":
            label = f"drop {row['direction']}"
        else:
            label = f"unknown {row['_uuid']}"
        document[label] = Row("ACL", own_columns(row), Parent("acls", label="group"), row["_uuid"])
    return document
