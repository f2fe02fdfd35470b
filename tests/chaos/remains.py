"""What should not be: rows that are stuck, and things on the node or in OVN that no row stands for."""

import re
import time

from launcher.errors import LauncherError
from tests.acceptance.host import Host

UUID = re.compile(r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}")
PASSING = {
    "servers": "deleted_at IS NULL AND (status IN ('BUILD', 'REBOOT', 'HARD_REBOOT') OR task_state IS NOT NULL)",
    "volumes": "status IN ('creating', 'reserved', 'attaching', 'detaching', 'deleting')",
    "ports": "status = 'BUILD' OR deleting",
    "floating_ips": "status = 'BUILD' OR deleting",
}
# For each kind of thing that belongs to a row: how it is listed, and which rows stand for one.
THINGS = {
    "domain": ("virsh -q list --all --name", "servers WHERE deleted_at IS NULL AND node_id IS NOT NULL"),
    "server's folder": ("ls /var/lib/tenrec/servers", "servers WHERE deleted_at IS NULL AND node_id IS NOT NULL"),
    "volume file": ("ls /var/lib/tenrec/volumes", "volumes"),
    "export": ("ls /etc/tgt/conf.d", "volumes"),
    "image file": ("ls -A /var/lib/tenrec/images", "images"),
    "switch": ("ovn-nbctl --bare --no-headings --columns=name list Logical_Switch", "networks"),
    "port": ("ovn-nbctl --bare --no-headings --columns=name find Logical_Switch_Port type='\"\"'", "ports"),
    "router": ("ovn-nbctl --bare --no-headings --columns=name list Logical_Router", "routers"),
    "port group": ("ovn-nbctl --bare --no-headings --columns=name list Port_Group", "security_groups"),
    "NAT rule": (
        "ovn-nbctl --bare --no-headings --columns=external_ids list NAT | grep -o 'neutron:fip_id=[^ ]*' || true",
        "floating_ips",
    ),
}


# A server that has a place, and so should have a domain there.
CLAIM = "node_id IS NOT NULL AND status IN ('ACTIVE', 'SHUTOFF') AND task_state IS NULL"


def unfinished(host: Host, project_id: str) -> int | None:
    """How many of the project's operations and rows are under way; None while the database does not say."""
    counts = [
        f"(SELECT COUNT(*) FROM operations WHERE status IN ('queued', 'running') AND project_id = '{project_id}')"
    ]
    counts += [
        f"(SELECT COUNT(*) FROM {table} WHERE ({passing}) AND project_id = '{project_id}')"
        for table, passing in PASSING.items()
    ]
    try:
        return int(host.sql("SELECT " + " + ".join(counts)))
    except (LauncherError, ValueError):
        return None


def orphans(host: Host, patience: float = 30) -> list[str]:
    """What no row stands for, and claims of a place without a domain, after a second look: others may be at work."""
    until = time.monotonic() + patience
    while (found := _orphans(host)) and time.monotonic() < until:
        time.sleep(2)
    return found


def _orphans(host: Host) -> list[str]:
    # Engines first: what is made has its row before, and what is removed has it until after.
    listings = host("; echo ====; ".join(listing for listing, _rows in THINGS.values())).split("====")
    there = {
        thing: {each.replace("_", "-") for each in UUID.findall(listing)}
        for thing, listing in zip(THINGS, listings, strict=True)
    }
    queries = [f"SELECT '{number}', id FROM {rows}" for number, (_listing, rows) in enumerate(THINGS.values())]
    queries.append(f"SELECT 'claim', id FROM servers WHERE {CLAIM}")
    rows = [line.split() for line in host.sql(" UNION ALL ".join(queries)).splitlines()]
    found = []
    for number, thing in enumerate(THINGS):
        known = {row_id for place, row_id in rows if place == str(number)}
        found += [f"{thing} {each}" for each in sorted(there[thing] - known)]
    claims = {row_id for place, row_id in rows if place == "claim"}
    return found + [f"claim {each}" for each in sorted(claims - there["domain"])]
