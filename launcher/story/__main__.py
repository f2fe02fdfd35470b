"""`python -m launcher.story --report FILE`: make the first server, reach it, and write what was found."""

import argparse
import json
import sys
import time
from pathlib import Path

import openstack
from openstack.exceptions import SDKException

from launcher.paths import write_private
from launcher.story import reach
from launcher.story.cloud import Story


def main() -> int:
    """Exit code 0 when the server answered on every way."""
    parser = argparse.ArgumentParser(prog="launcher.story", description=__doc__)
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="what was made, as JSON")
    options = parser.parse_args()
    story = Story(openstack.connect(cloud="tenrec"), openstack.connect(cloud="tenrec-admin"))
    try:
        report = _tell(story)
    except (SDKException, reach.Unreachable) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        story.explain(sys.stderr)
        return 1
    write_private(options.report, json.dumps(report, indent=2) + "\n")
    return 0


def _tell(story: Story) -> dict:
    lines = []
    started = time.monotonic()
    story.prepare()
    lines.append(f"flavor, image, networks, router, security group, key ({_since(started)})")
    started = time.monotonic()
    server = story.start_server()
    lines.append(f"server {server.name} is {server.status} ({_since(started)})")
    started = time.monotonic()
    volume = story.attach_volume(server)
    lines.append(f"volume {volume.name} of {volume.size} GiB is attached ({_since(started)})")
    started = time.monotonic()
    address = story.associate_address(server)
    reach.wait_for_ping(address)
    lines.append(f"{address} answers ping ({_since(started)})")
    page = reach.wait_for_page(address, server.name)
    lines.append(f"http://{address}/ says {page!r} ({_since(started)})")
    name = reach.wait_for_shell(address, "hostname")
    if name != server.name:
        raise reach.Unreachable(f"ssh {address} hostname says {name!r}, not {server.name!r}")
    lines.append(f"ssh {reach.USER}@{address} hostname says {name} ({_since(started)})")
    sectors = reach.wait_for_shell(address, "cat /sys/block/vdb/size")
    if int(sectors) * 512 != volume.size * 1024**3:
        raise reach.Unreachable(f"the volume has {sectors} sectors in the server, not {volume.size} GiB")
    lines.append(f"the volume is /dev/vdb there, {sectors} sectors")
    reach.write_configuration(server.name, address)
    return {"name": server.name, "address": address, "lines": lines, "changed": story.changed}


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
