"""The nodes' network: a namespace with a bridge in it, one veth and one route from the machine.

Nothing else of the machine's own network changes: no sysctl, no firewall rule. slirp4netns carries what leaves the
namespace through ordinary sockets of the machine.

    machine  tenrec0 172.30.79.254 ---- 172.30.79.253 uplink  namespace  nodes 172.30.64.1/24 ---- eth0 of each node
                                                      tap0 (slirp4netns)  --> the world
                                                                         tunnels  ------------ eth1 of each node
"""

import ipaddress
import os
import signal
import subprocess
import time
from pathlib import Path

from launcher import commands
from launcher.errors import LauncherError
from launcher.paths import RUN

NAMESPACE = "tenrec"
NETWORK = ipaddress.ip_network("172.30.64.0/20")
MANAGEMENT = ipaddress.ip_network("172.30.64.0/24")
EXTERNAL = ipaddress.ip_network("172.30.72.0/24")
LAB_EXTERNAL = ipaddress.ip_network("172.30.73.0/24")
# For clouds that are no deployment of the launcher's, as those of the tests.
SPARE_EXTERNALS = tuple(ipaddress.ip_network(f"172.30.{number}.0/24") for number in range(74, 79))
BRIDGE = "nodes"
TUNNEL_BRIDGE = "tunnels"
BRIDGE_ADDRESS = MANAGEMENT[1]
GATEWAY_NODE_ADDRESS = MANAGEMENT[10]
MACHINE_LINK = "tenrec0"
MACHINE_ADDRESS = "172.30.79.254"
UPLINK = "uplink"
UPLINK_ADDRESS = "172.30.79.253"
SLIRP_RESOLVER = "10.0.2.3"
SLIRP_PID = RUN / "slirp4netns.pid"
MTU = 1500

_NAT_RULES = f"""
table ip tenrec {{
  chain leave {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "tap0" ip saddr {NETWORK} masquerade
  }}
}}
"""


def namespace_path(name: str = NAMESPACE) -> Path:
    """The file that pins a network namespace."""
    return Path("/run/netns") / name


def create() -> bool:
    """Make the namespace and what joins it to the machine; return whether anything was missing.

    :raises LauncherError: when the machine uses the nodes' addresses for something else
    """
    if _complete():
        return False
    _refuse_clash()
    destroy()
    commands.run(["ip", "netns", "add", NAMESPACE])
    _inside("ip", "link", "set", "lo", "up")
    _inside("sysctl", "-qw", "net.ipv4.ip_forward=1")
    _inside("ip", "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0")
    _inside("ip", "address", "add", f"{BRIDGE_ADDRESS}/{MANAGEMENT.prefixlen}", "dev", BRIDGE)
    _inside("ip", "link", "set", BRIDGE, "up")
    lead(EXTERNAL, str(GATEWAY_NODE_ADDRESS))
    commands.run(["ip", "link", "add", MACHINE_LINK, "type", "veth", "peer", "name", UPLINK, "netns", NAMESPACE])
    _inside("ip", "address", "add", f"{UPLINK_ADDRESS}/30", "dev", UPLINK)
    _inside("ip", "link", "set", UPLINK, "up")
    commands.run(["ip", "address", "add", f"{MACHINE_ADDRESS}/30", "dev", MACHINE_LINK])
    commands.run(["ip", "link", "set", MACHINE_LINK, "up"])
    _start_slirp()
    commands.run(["ip", "netns", "exec", NAMESPACE, "nft", "-f", "-"], text=_NAT_RULES)
    commands.run(["ip", "route", "add", str(NETWORK), "via", UPLINK_ADDRESS, "dev", MACHINE_LINK])
    return True


def lead(external: ipaddress.IPv4Network, address: str) -> None:
    """Send what goes to an external network to the node of that address, which is its router."""
    _inside("ip", "route", "replace", str(external), "via", address)


def lead_no_more(address: str) -> None:
    """Send nothing through the node of that address any more."""
    if namespace_path().exists():
        _inside("ip", "route", "flush", "via", address)


def destroy() -> None:
    """Remove the namespace, the veth and with it the route. Removing what is not there is no error."""
    _stop_slirp()
    if _link_exists(MACHINE_LINK):
        commands.run(["ip", "link", "delete", MACHINE_LINK])
    if namespace_path().exists():
        commands.run(["ip", "netns", "delete", NAMESPACE])


def add_node(name: str, address: str) -> Path:
    """Make a node's own namespace, with `eth0` on the bridge of nodes and `eth1`, without address, on that of tunnels.

    The namespace outlives the container, so a node that is killed and started again keeps its place.

    :return: the file that pins the namespace
    """
    namespace = node_namespace(name)
    remove_node(name)
    commands.run(["ip", "netns", "add", namespace])
    within = ["ip", "-n", namespace]
    _ensure_tunnel_bridge()
    _add_card(namespace, "eth0", bridge_end(address), BRIDGE)
    _add_card(namespace, "eth1", bridge_end(address, TUNNEL_BRIDGE), TUNNEL_BRIDGE)
    commands.run([*within, "link", "set", "lo", "up"])
    commands.run([*within, "link", "set", "eth0", "address", _mac_address(address)])
    commands.run([*within, "address", "add", f"{address}/{MANAGEMENT.prefixlen}", "dev", "eth0"])
    commands.run([*within, "link", "set", "eth0", "up"])
    commands.run([*within, "route", "add", "default", "via", str(BRIDGE_ADDRESS)])
    return namespace_path(namespace)


def remove_node(name: str) -> None:
    """Remove a node's namespace and its veth."""
    namespace = node_namespace(name)
    if namespace_path(namespace).exists():
        # The kernel would take the veth away with the namespace, but some time later: too late for the next node's.
        for card in ("eth0", "eth1"):
            commands.succeeds(["ip", "-n", namespace, "link", "delete", card])
        commands.run(["ip", "netns", "delete", namespace])


def node_namespace(name: str) -> str:
    """The network namespace of the node of that name."""
    return f"{NAMESPACE}-{name}"


def resolvers() -> list[str]:
    """Name servers that a node can reach: the machine's own, or slirp's relay where those are on loopback."""
    found = []
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            server = ipaddress.ip_address(words[1].partition("%")[0])
            if server.version == 4 and not server.is_loopback:
                found.append(str(server))
    return found or [SLIRP_RESOLVER]


def way_out_runs() -> bool:
    """Tell whether the process that carries what leaves the namespace is there."""
    return _slirp_process() is not None


def bridge_end(address: str, bridge: str = BRIDGE) -> str:
    """A bridge's port to the node of that address: at most 15 characters, for node names may be longer."""
    return f"{bridge[:-1]}{int(ipaddress.ip_address(address)) - int(MANAGEMENT.network_address)}"


def _add_card(namespace: str, card: str, end: str, bridge: str) -> None:
    _inside("ip", "link", "add", end, "mtu", str(MTU), "type", "veth", "peer", "name", card, "netns", namespace)
    _inside("ip", "link", "set", end, "master", bridge, "up")


def _ensure_tunnel_bridge() -> None:
    """A bridge with no address: what the nodes send each other there is not the machine's to see."""
    if not commands.succeeds(["ip", "-n", NAMESPACE, "link", "show", TUNNEL_BRIDGE]):
        _inside("ip", "link", "add", TUNNEL_BRIDGE, "type", "bridge", "forward_delay", "0")
        _inside("ip", "link", "set", TUNNEL_BRIDGE, "up")


def _mac_address(address: str) -> str:
    """A fixed, locally administered MAC, so that a re-made node is found at once."""
    octets = ipaddress.ip_address(address).packed
    return "02:00:" + ":".join(f"{octet:02x}" for octet in octets)


def _complete() -> bool:
    return namespace_path().exists() and _link_exists(MACHINE_LINK) and way_out_runs() and _route_exists()


def _route_exists() -> bool:
    return bool(commands.output(["ip", "route", "show", str(NETWORK), "dev", MACHINE_LINK]))


def _refuse_clash() -> None:
    for line in commands.output(["ip", "-4", "route", "show"]).splitlines():
        target = line.split()[0]
        if target == "default" or f"dev {MACHINE_LINK}" in line:
            continue
        try:
            network = ipaddress.ip_network(target)
        except ValueError:
            continue
        if network.overlaps(NETWORK):
            raise LauncherError(
                f"the machine already routes {target} (`{line.strip()}`), which the nodes need ({NETWORK})",
                "remove that route; another copy of this project may have laid it: run its ./tenrec down",
            )


def _inside(*arguments: str) -> None:
    commands.run(["ip", "netns", "exec", NAMESPACE, *arguments])


def _link_exists(name: str) -> bool:
    return commands.succeeds(["ip", "link", "show", name])


def _start_slirp() -> None:
    """Start the way out and wait until its interface is configured."""
    RUN.mkdir(parents=True, exist_ok=True)
    log = RUN / "slirp4netns.log"
    ready, signal_ready = os.pipe()
    with log.open("w") as stream:
        process = subprocess.Popen(
            [
                "slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback",
                f"--ready-fd={signal_ready}", "--netns-type=path", str(namespace_path()), "tap0",
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            pass_fds=[signal_ready],
            start_new_session=True,
        )  # fmt: skip
    os.close(signal_ready)
    with os.fdopen(ready) as stream:
        if stream.read(1) != "1":
            raise LauncherError(f"slirp4netns did not start: {log.read_text().strip()[-300:]}", f"read {log}")
    SLIRP_PID.write_text(str(process.pid))


def _slirp_process() -> int | None:
    """The process that we started; a process number that was given to another program does not count."""
    try:
        process = int(SLIRP_PID.read_text())
        _, _, rest = Path(f"/proc/{process}/stat").read_text().partition(" (slirp4netns) ")
    except (OSError, ValueError):
        return None
    return process if rest and not rest.startswith("Z") else None


def _stop_slirp() -> None:
    process = _slirp_process()
    if process is None:
        return
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while way_out_runs() and time.monotonic() < deadline:
        time.sleep(0.05)
    SLIRP_PID.unlink(missing_ok=True)
