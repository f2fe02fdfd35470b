"""`./tenrec bench runs`: what a playbook run costs, how many servers a second, how soon requests take effect."""

from collections.abc import Callable

from tests.bench import bed, burst, effects, overhead
from tests.bench.figures import Row
from tests.bench.node import Node


def measure(node: Node, say: Callable[[str], None]) -> list[Row]:
    """All rows, in their order; `say` is told what is being measured."""
    say("run overhead, beside stock ansible-runner")
    rows = overhead.measure(node)
    say("burst of servers on libvirt's test driver")
    rows += burst.measure(node)
    say("effects of rules, floating IPs, ports; servers")
    with bed.made() as made:
        rows += effects.measure(node, made)
    return rows
