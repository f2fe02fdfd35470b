"""`./tenrec status` and `lab status`: what runs, where, how full; and whether anything is wrong."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable

from launcher import commands, network, nodes, ssh
from launcher.deployments import EVERY, Deployment
from launcher.nodes import Node

# Paths that answer without a token when the service behind them works.
API_ROOTS = ("identity/v3", "image", "compute", "network", "volume", "placement")
SERVICES_OF = {
    "controller": (
        "mariadb", "rabbitmq-server", "memcached", "nginx", "tenrec-api", "tenrec-worker", "ovn-ovsdb-server-nb",
        "ovn-ovsdb-server-sb", "ovn-northd",
    ),
    "network": ("ovsdb-server", "ovs-vswitchd", "ovn-controller"),
    "compute": ("ovsdb-server", "ovs-vswitchd", "ovn-controller", "libvirtd"),
    "storage": ("tgt",),
}  # fmt: skip
# Nothing to show while it is there, and something wrong when it is not.
ON_ALL = "tenrec-firewall"
SERVICES = tuple(dict.fromkeys(service for services in SERVICES_OF.values() for service in services))

# What is asked of a node in one connection: failed units, states of services, disk, memory, running guests.
_QUESTIONS = f"""
echo failed $(systemctl list-units --failed --plain --no-legend | cut -d' ' -f1)
for service in {ON_ALL} {" ".join(SERVICES)}; do echo service $service $(systemctl is-active $service); done
echo disk $(df --output=used,size -h / | tail -1)
echo guests $(pgrep -c qemu-system)
echo memory $(cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/ {{ sum += $2 }} END {{ print int(sum / 1024) }}')
"""


def status(deployments: Iterable[Deployment] = EVERY.values(), *, others: bool = True) -> int:
    """Print what runs; return 0 when all is well, 1 when something is wrong or there is no cloud.

    :param others: whether to tell of nodes that are no deployment's, too
    """
    deployed = [deployment for deployment in deployments if deployment.clouds.exists()]
    wanted = {host.name: host.groups for deployment in deployed for host in deployment.hosts()}
    found = [node for node in nodes.all_nodes() if others or node.name in wanted]
    if not found:
        print("nothing runs here; ./tenrec up makes a cloud, ./tenrec lab up one on several hosts")
        return 1
    faults = []
    if not network.namespace_path().exists():
        faults.append("the nodes' network is gone")
    for node in found:
        faults += _report_node(node, wanted.get(node.name, ()))
    faults += [f"host {name} has not been made" for name in wanted if not nodes.exists(name)]
    for deployment in deployed:
        faults += _report_apis(deployment)
    for fault in faults:
        print(f"WRONG: {fault}")
    if faults:
        print("try: ./tenrec up, which mends what it can (./tenrec lab up for the lab)")
    return 1 if faults else 0


def _report_node(node: Node, groups: tuple[str, ...]) -> list[str]:
    """:param groups: of the deployed host; none for a node that no deployment knows"""
    state = node.state
    print(f"node {node.name:<20} {node.address:<16} {state}")
    if state != "running":
        return [f"node {node.name} is {state}"]
    answer = commands.run(ssh.command(node.address, [_QUESTIONS]), check=False)
    if answer.returncode != 0:
        return [f"node {node.name} does not answer over SSH: {answer.stderr.strip()[-200:]}"]
    faults, active = [], []
    for line in answer.stdout.splitlines():
        kind, *words = line.split()
        if kind == "failed":
            faults += [f"unit {unit} on {node.name} has failed" for unit in words]
        elif kind == "service" and words[1] == "active":
            active.append(words[0])
        elif kind == "disk":
            print(f"  disk     {words[0]} of {words[1]} used")
        elif kind == "guests":
            print(f"  guests   {words[0]}")
        elif kind == "memory":
            print(f"  memory   {words[0]} MiB (PSS, guests included)")
    guarded = ON_ALL in active
    active = [service for service in active if service != ON_ALL]
    if active:
        print(f"  running  {' '.join(active)}")
    if groups and not guarded:
        faults.append(f"service {ON_ALL} on {node.name} does not run: the host is open to all who reach it")
    expected = {service for group in groups for service in SERVICES_OF[group]}
    lacking = [service for service in SERVICES if service in expected and service not in active]
    faults += [f"service {service} on {node.name} does not run" for service in lacking]
    if groups:
        misplaced = [service for service in active if service not in expected]
        faults += [f"service {service} runs on {node.name}, which is in {', '.join(groups)}" for service in misplaced]
    return faults


def _report_apis(deployment: Deployment) -> list[str]:
    described = json.loads(deployment.clouds.read_text())["clouds"]["tenrec"]
    root = described["auth"]["auth_url"].partition("/identity")[0]
    context = ssl.create_default_context(cafile=described["cacert"])
    faults, good = [], []
    for path in API_ROOTS:
        try:
            with urllib.request.urlopen(f"{root}/{path}", timeout=10, context=context):
                good.append(path.partition("/")[0])
        except urllib.error.HTTPError as error:
            # 300 Multiple Choices is how a service lists its versions.
            good.append(path) if error.code == 300 else faults.append(f"{root}/{path} answers {error.code}")
        except OSError as error:
            faults.append(f"{root}/{path} does not answer: {error}")
    print(f"api  {root}  {' '.join(good)}")
    print(f"     use: OS_CLIENT_CONFIG_FILE={deployment.clouds} OS_CLOUD=tenrec")
    return faults
