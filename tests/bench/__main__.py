"""`python -m tests.bench NAME [--json FILE]`: what `./tenrec bench` runs in the virtual environment."""

import argparse
import sys
import time
from pathlib import Path

from launcher.bench import BENCHES
from launcher.errors import LauncherError
from tests.bench import api, runs
from tests.bench.cloud import Refused
from tests.bench.figures import table, write
from tests.bench.node import Node

MEASURES = {"runs": runs.measure, "api": api.measure}


def main() -> int:
    """Exit code 0 when all was measured, 1 when something did not answer as it should have."""
    parser = argparse.ArgumentParser(prog="tenrec bench", description=__doc__)
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        node = Node()
        print(f"load averages before: {node.load()[0]:.1f} (1 min) {node.load()[1]:.1f} (5 min)", flush=True)
        with node.programs():
            rows = MEASURES[options.name](node, lambda line: print(f"  {line}", flush=True))
    except (Refused, RuntimeError, LauncherError) as error:
        print(f"tenrec bench: {error}", file=sys.stderr)
        return 1
    print(f"\n{table(rows)}\n\nmeasured in {time.monotonic() - began:.0f} s; p50, p95: of n measurements")
    print(f"load averages after: {node.load()[0]:.1f} (1 min) {node.load()[1]:.1f} (5 min)")
    if options.json is not None:
        write(options.json, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
