"""The Open vSwitch of this host: what a domain must know of it, and whether its ports work."""

from __future__ import annotations

from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import Ovsdb

DATABASE = "Open_vSwitch"


def uses_userspace_datapath(connection, bridge, deadline):
    """Whether Open vSwitch moves the bridge's packets itself and not the kernel.

    Arguments: connection: `unix:PATH` of the host's database. Raises OvsdbError; LookupError without such a bridge.
    """
    database = Ovsdb(connection, DATABASE, deadline)
    try:
        rows = database.select([("Bridge", [("name", "==", bridge)], ["datapath_type"])])[0]
    finally:
        database.close()
    if not rows:
        raise LookupError(f"Open vSwitch has no bridge {bridge}")
    return rows[0]["datapath_type"] == "netdev"


def late_ports(connection, port_ids, seconds):
    """Wait until OVN has set up all ports on this host, `seconds` at most.

    Returns the ids of those that it has not, sorted. ovn-controller says so in `external_ids:ovn-installed`.
    """
    wanted = set(port_ids)

    def missing(rows):
        return wanted - {
            row["external_ids"].get("iface-id")
            for row in rows
            if isinstance(row["external_ids"], dict) and row["external_ids"].get("ovn-installed") == "true"
        }

    database = Ovsdb(connection, DATABASE, Deadline(seconds))
    try:
        rows, _all_there = database.watch("Interface", ["external_ids"], lambda rows: not missing(rows))
    finally:
        database.close()
    return sorted(missing(rows))
