"""Runs on a compute node as root: plugs an interface into a logical port and tells when OVN has set it up.

Reads port ids from standard input; for each it prints the monotonic clock at which the interface worked, or ``late``.
"""

import subprocess
import sys
import time

BRIDGE, INTERFACE = "br-int", "tenrec-bench0"
SECONDS = 20


def main() -> None:
    """Answer until the input ends."""
    try:
        for line in sys.stdin:
            port = line.strip()
            _switch(
                "--may-exist", "add-port", BRIDGE, INTERFACE, "--",
                "set", "Interface", INTERFACE, "type=internal", f"external_ids:iface-id={port}",
            )  # fmt: skip
            installed = _switch(
                f"--timeout={SECONDS}", "wait-until", "Interface", INTERFACE, "external_ids:ovn-installed=true"
            )
            print(time.monotonic() if installed else "late", flush=True)
            _switch("--if-exists", "del-port", BRIDGE, INTERFACE)
    finally:
        _switch("--if-exists", "del-port", BRIDGE, INTERFACE)


def _switch(*words: str) -> bool:
    return subprocess.run(["ovs-vsctl", "--no-wait", *words], check=False).returncode == 0


if __name__ == "__main__":
    main()
