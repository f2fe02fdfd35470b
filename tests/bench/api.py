"""`./tenrec bench api`: what the API's answers cost one client, beside OpenStack Zed's.

Rows `…_accepted_p50` end with the answer, as OpenStack's do: the work on the hosts comes after it (see `bench runs`).
"""

import time
from collections.abc import Callable

from tests.bench import networks
from tests.bench.cloud import Cloud
from tests.bench.figures import Row, median_row
from tests.bench.node import Node
from tests.bench.stack import Stack, started

OPENSTACK = "OpenStack Zed"
# Row: how often it is measured, and the median in ms of OpenStack on such a machine.
ROUNDS, WARM_UP = 30, 3
READS = {
    "servers_detail_100": ("/compute/v2.1/servers/detail?limit=100", 171.0),
    "servers_detail_1000": ("/compute/v2.1/servers/detail?limit=1000", 1006.0),
    "servers_1000": ("/compute/v2.1/servers?limit=1000", 271.0),
    "ports_1000": ("/network/v2.0/ports?limit=1000", 624.0),
    "flavors": ("/compute/v2.1/flavors", 9.0),
    "images": ("/image/v2/images", 6.0),
    "networks": ("/network/v2.0/networks", 33.0),
    "security_groups": ("/network/v2.0/security-groups", 17.0),
}
SERVERS, AT_ONCE = 1000, 100


def measure(node: Node, say: Callable[[str], None]) -> list[Row]:
    """All rows. The servers are rows only: the second cloud's worker rests."""
    with started(node) as stack:
        say(f"{SERVERS} servers in the database of a second cloud")
        stack.rest()
        member = stack.member
        rows = [_tokens(member), _validation(member), _creation(stack)]
        say("networks and what belongs to them")
        for name, times in networks.taken(stack.admin, member, ROUNDS, WARM_UP).items():
            rows.append(median_row(f"{name}_accepted_p50", times, OPENSTACK, networks.KNOWN[name]))
        for number in range(SERVERS // AT_ONCE):
            member.post("/compute/v2.1/servers", stack.order(f"many-{number}", min_count=AT_ONCE, max_count=AT_ONCE))
        for name, (path, known) in READS.items():
            say(name)
            rows.append(_row(name, lambda path=path: member.get(path), known))
    return rows


def _row(name: str, ask: Callable[[], object], known: float | None) -> Row:
    taken = []
    for number in range(-WARM_UP, ROUNDS):
        began = time.monotonic()
        ask()
        if number >= 0:
            taken.append((time.monotonic() - began) * 1000)
    return median_row(f"{name}_p50", taken, OPENSTACK if known else None, known)


def _tokens(member: Cloud) -> Row:
    return _row("token_by_password", member.authenticate, 198.0)


def _validation(member: Cloud) -> Row:
    token = {"X-Subject-Token": member.token}
    return _row("token_validated", lambda: member.request("GET", "/identity/v3/auth/tokens", **token), 10.7)


def _creation(stack: Stack) -> Row:
    return _row("server_accepted", lambda: stack.member.post("/compute/v2.1/servers", stack.order("one")), None)
