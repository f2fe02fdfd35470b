"""What a playbook run costs beyond its module's own work, beside stock ansible-runner's."""

import json

from tests.bench.figures import Row, median_row, percentile
from tests.bench.node import Node

ROUNDS = 40
STOCK_EVERY = 4
STOCK = "stock ansible-runner"


def measure(node: Node) -> list[Row]:
    """Run the same playbook in turn by the cloud's runner and by stock ansible-runner, on the controller."""
    found: dict[str, list[float]] = {"tenrec": [], "tuned": [], "stock": []}
    arguments = ["--rounds", str(ROUNDS), "--stock-every", str(STOCK_EVERY)]
    with node.talk("overhead.py", *arguments, as_worker=True) as runs:
        for _run in range(ROUNDS + 2 * len(range(0, ROUNDS, STOCK_EVERY))):
            told = json.loads(runs.hear())
            found[told["way"]].append(told["milliseconds"] - told["work"])
    return rows(found)


def rows(found: dict[str, list[float]]) -> list[Row]:
    """The rows of overheads in ms by way: ``tenrec``, ``tuned`` (stock with the cloud's settings) and ``stock``."""
    ours, stock = found["tenrec"], found["stock"]
    return [
        median_row("run_overhead_p50", ours, STOCK, stock),
        Row("run_overhead_p95", percentile(ours, 95), "ms", len(ours), f"{STOCK}, p95", percentile(stock, 95)),
        median_row("run_overhead_tuned_p50", ours, f"{STOCK}, tuned ansible.cfg", found["tuned"]),
    ]
