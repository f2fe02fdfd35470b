"""A hundred servers at once: through the API, MariaDB, the queue and playbook runs, on libvirt's test driver."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.cloud import Cloud, Refused, wait
from tests.bench.figures import Row, percentile
from tests.bench.node import Node
from tests.bench.stack import Stack, started

SERVERS, CLIENTS = 100, 16
ROUNDS, WARM_UP_SERVERS = 3, 20
# OpenStack Zed's best on such a machine, with its fake hypervisor.
OPENSTACK, OPENSTACK_RATE = "OpenStack Zed, fake hypervisor", 0.66
PATIENCE_SECONDS = 180
# A look costs the API some milliseconds, on the very processors that are measured.
LOOK_SECONDS = 0.1


def measure(node: Node) -> list[Row]:
    """Servers a second, from the first request to the last ACTIVE, and the same for their deletion: medians."""
    created, deleted = [], []
    with started(node) as stack:
        _round(stack.member, stack, WARM_UP_SERVERS)
        for _number in range(ROUNDS):
            made, removed = _round(stack.member, stack, SERVERS)
            created.append(SERVERS / made)
            deleted.append(SERVERS / removed)
    return [
        Row("burst_100_servers", percentile(created, 50), "servers/s", ROUNDS, OPENSTACK, OPENSTACK_RATE),
        Row("burst_100_deletes", percentile(deleted, 50), "servers/s", ROUNDS),
    ]


def _round(member: Cloud, stack: Stack, count: int) -> tuple[float, float]:
    """Seconds until all are ACTIVE, and until all are gone."""

    def ask(number: int) -> str:
        return member.post("/compute/v2.1/servers", stack.order(f"burst-{number}"))["server"]["id"]

    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.monotonic()
        ids = list(pool.map(ask, range(count)))
        built = wait(lambda: _none(member, "&status=BUILD"), "the last server", PATIENCE_SECONDS, LOOK_SECONDS)
        made = built - began
        active = len(member.get("/compute/v2.1/servers?status=ACTIVE")["servers"])
        if active != count:
            raise Refused(f"{active} of {count} servers are ACTIVE")
        began = time.monotonic()
        list(pool.map(lambda server_id: member.delete(f"/compute/v2.1/servers/{server_id}"), ids))
        gone = wait(lambda: _none(member), "their end", PATIENCE_SECONDS, LOOK_SECONDS)
    return made, gone - began


def _none(member: Cloud, which: str = "") -> bool:
    return not member.get(f"/compute/v2.1/servers?limit=1{which}")["servers"]
