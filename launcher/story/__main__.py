"""`python -m launcher.story NAME`: make the first servers of that deployment, reach them, and write what was found."""

import argparse
import json
import sys
import time
from typing import Any

import openstack
from openstack.exceptions import SDKException

from launcher import deployments, network
from launcher.deployments import Deployment
from launcher.paths import write_private
from launcher.story import reach
from launcher.story.cloud import Story


def main() -> int:
    """Exit code 0 when the servers answered on every way."""
    parser = argparse.ArgumentParser(prog="launcher.story", description=__doc__)
    parser.add_argument("name", choices=deployments.EVERY, help="of which deployment")
    deployment = deployments.EVERY[parser.parse_args().name]
    story = Story(openstack.connect(cloud="tenrec"), openstack.connect(cloud="tenrec-admin"), deployment.external)
    try:
        report = _tell(story, deployment)
    except (SDKException, reach.Unreachable) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        for name in deployment.servers:
            story.explain(name, sys.stderr)
        return 1
    write_private(deployment.report, json.dumps(report, indent=2) + "\n")
    return 0


def _tell(story: Story, deployment: Deployment) -> dict:
    lines: list[str] = []
    started = time.monotonic()
    story.prepare()
    lines.append(f"flavor, image, networks, router, security group, key ({_since(started)})")
    servers = [_start(story, name, lines) for name in deployment.servers]
    started = time.monotonic()
    volume = story.attach_volume(servers[0])
    lines.append(f"volume {volume.name} of {volume.size} GiB is attached ({_since(started)})")
    addresses = {server.name: _reach(story, server, lines) for server in servers}
    first = addresses[servers[0].name]
    sectors = reach.wait_for_shell(first, "cat /sys/block/vdb/size")
    if int(sectors) * 512 != volume.size * 1024**3:
        raise reach.Unreachable(f"the volume has {sectors} sectors in the server, not {volume.size} GiB")
    lines.append(f"the volume is /dev/vdb there, {sectors} sectors")
    if len(servers) > 1:
        _reach_each_other(story, servers, first, lines)
    reach.write_configuration(deployment.guests, addresses)
    return {"servers": addresses, "lines": lines, "changed": story.changed}


def _start(story: Story, name: str, lines: list[str]) -> Any:
    started = time.monotonic()
    server = story.start_server(name)
    lines.append(f"server {server.name} is {server.status} on {story.host_of(server)} ({_since(started)})")
    return server


def _reach(story: Story, server: Any, lines: list[str]) -> str:
    """Reach a server on its floating IP by ping, HTTP and SSH; return the address."""
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
    return address


def _reach_each_other(story: Story, servers: list[Any], address: str, lines: list[str]) -> None:
    """From the first server, at that address, to all others on their own network, and to the world outside."""
    hosts = [story.host_of(server) for server in servers]
    if len(set(hosts)) != len(hosts):
        raise reach.Unreachable(f"the servers are on {', '.join(hosts)}, not each on a host of its own")
    for server, host in zip(servers[1:], hosts[1:], strict=True):
        fixed = story.fixed_address(server)
        # Larger than any header: a path that loses whole packets would pass a ping of a few bytes.
        reach.wait_for_shell(address, f"sudo ping -c 1 -W 2 -s 1300 {fixed}")
        reach.wait_for_shell(address, f"wget -q -O - http://{fixed}/ | grep {server.name}")
        lines.append(f"{servers[0].name} on {hosts[0]} reaches {server.name} on {host} at {fixed}")
    reach.wait_for_shell(address, f"sudo ping -c 1 -W 2 {network.MACHINE_ADDRESS}")
    lines.append(f"{servers[0].name} reaches the world outside: {network.MACHINE_ADDRESS} answers")


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
