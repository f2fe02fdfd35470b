"""Whose a row of the northbound database is, by the names and tags that the modules give their rows. Pure."""

from __future__ import annotations

import re

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMED = "neutron-"
QUERIES = [
    ("Logical_Switch", [], ("name",)),
    ("Logical_Router", [], ("name",)),
    ("Logical_Switch_Port", [], ("name",)),
    ("Port_Group", [], ("external_ids",)),
    ("NAT", [], ("external_ids",)),
]


def owners(switches, routers, ports, groups, translations):
    """The ids by what they are of. Arguments: the rows of QUERIES, in their order."""
    return {
        "network": _ids(_after_prefix(row["name"]) for row in switches),
        "router": _ids(_after_prefix(row["name"]) for row in routers),
        "port": _ids(row["name"] for row in ports),
        "security_group": _ids(row["external_ids"].get("neutron:security_group_id") for row in groups),
        "floating_ip": _ids(row["external_ids"].get("neutron:fip_id") for row in translations),
    }


def _after_prefix(name):
    return name.removeprefix(NAMED) if name.startswith(NAMED) else None


def _ids(candidates):
    return sorted({each for each in candidates if each and UUID.fullmatch(each)})
