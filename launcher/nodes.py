"""Container nodes: Debian 12 hosts with systemd that stand in for real ones on a single machine."""

import ipaddress
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from launcher import commands, containers, image, loops, mounts, network, ownership, ssh
from launcher.errors import LauncherError
from launcher.locks import exclusive
from launcher.paths import NODES, PACKAGES, private_folder

FIRST_FREE_ADDRESS = 100
LAST_FREE_ADDRESS = 250
START_SECONDS = 60
ALLINONE = "allinone"

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Node:
    """A node: its name, which is its host name too, and its address on the management network."""

    name: str
    address: str

    @property
    def folder(self) -> Path:
        """Where the node's file system and description lie."""
        return NODES / self.name

    @property
    def root(self) -> Path:
        """The root file system, as mounted in the launcher's mount namespace."""
        return self.folder / "root"

    @property
    def state(self) -> str:
        """`running`, another state of podman's, or `gone`."""
        return containers.state(self.name) or "gone"


def all_nodes() -> list[Node]:
    """The nodes that have been made, by name."""
    return [Node(**json.loads(path.read_text())) for path in sorted(NODES.glob("*/node.json"))]


def find(name: str) -> Node:
    """:raises LauncherError: when there is no such node"""
    for node in all_nodes():
        if node.name == name:
            return node
    known = ", ".join(node.name for node in all_nodes()) or "none"
    raise LauncherError(f"there is no node {name!r}; there is: {known}", f"make it: ./tenrec node create {name}")


def exists(name: str) -> bool:
    """Tell whether a node of that name has been made."""
    return any(node.name == name for node in all_nodes())


def create(name: str, address: str | None = None, base: str = "") -> tuple[Node, bool]:
    """Make a node, or start one that was made before, and wait until it answers over SSH.

    :param address: on the management network; without it the gateway's for `allinone`, else the first free one
    :param base: folders of the file systems below the node's own, the uppermost first, joined by `:`; without it the
        plain image. A node that was made before keeps what it was made on.
    :return: the node, and whether anything was done
    :raises LauncherError: for a name or an address that cannot be used
    """
    if not _NAME.fullmatch(name):
        raise LauncherError(f"{name!r} cannot be a node's name", "use a-z, 0-9 and -, at most 40, a letter first")
    with exclusive("nodes"):
        ownership.claim()
        plain = image.build()
        network.create()
        mounts.create()
        known = {node.name: node for node in all_nodes()}
        node = known.get(name) or Node(name, _choose_address(name, address, list(known.values())))
        if address and node.address != address:
            raise LauncherError(f"{name} has the address {node.address}, not {address}", f"./tenrec node rm {name}")
        if node.state == "running":
            return node, False
        if name not in known:
            _make(node, base or str(plain))
        _start(node)
    ssh.wait(node.address, START_SECONDS)
    return node, True


def remove(name: str) -> bool:
    """Remove a node with all that it made, loop devices among them; return whether there was one."""
    with exclusive("nodes"):
        node = next((node for node in all_nodes() if node.name == name), None)
        if node is None:
            return False
        collect_packages(node)
        _stop(node)
        ssh.forget(node.address)
        network.lead_no_more(node.address)
        shutil.rmtree(node.folder)
    return True


def restart(name: str) -> Node:
    """Kill a node as if its power had failed, and start it again."""
    kill(name)
    node, _ = create(name)
    return node


def kill(name: str) -> Node:
    """Cut a node's power; `create` starts it again with its disk as it was."""
    node = find(name)
    with exclusive("nodes"):
        _stop(node)
    return node


def inventory(nodes: list[Node]) -> dict:
    """An Ansible inventory (as parsed YAML) that says how to reach the nodes from the machine."""
    return {"all": {"hosts": {node.name: host_variables(node) for node in nodes}}}


def host_variables(node: Node) -> dict[str, str]:
    """Ansible's connection variables of a node."""
    return {
        "ansible_connection": "ssh",
        "ansible_host": node.address,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(ssh.KEY),
        "ansible_ssh_common_args": (
            f"-o IdentitiesOnly=yes -o UserKnownHostsFile={ssh.KNOWN_HOSTS} -o StrictHostKeyChecking=yes"
            " -o GlobalKnownHostsFile=/dev/null"
        ),
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def collect_packages(node: Node) -> None:
    """Keep the Debian packages that a node downloaded, so that the next node need not.

    Nodes see the folder as the lower layer of their apt cache; apt checks every file's hash before it uses it.
    """
    for package in (node.folder / "archives").glob("*.deb"):
        kept = PACKAGES / package.name
        if not kept.exists():
            kept.hardlink_to(package)


def _choose_address(name: str, wanted: str | None, others: list[Node]) -> str:
    taken = {node.address: node.name for node in others}
    if wanted is None and name == ALLINONE:
        wanted = str(network.GATEWAY_NODE_ADDRESS)
    if wanted is None:
        free = (str(network.MANAGEMENT[n]) for n in range(FIRST_FREE_ADDRESS, LAST_FREE_ADDRESS + 1))
        return next(address for address in free if address not in taken)
    if ipaddress.ip_address(wanted) not in network.MANAGEMENT or wanted == str(network.BRIDGE_ADDRESS):
        raise LauncherError(f"{wanted} cannot be a node's address", f"choose one of {network.MANAGEMENT}, from .2 up")
    if wanted in taken:
        raise LauncherError(f"{wanted} is {taken[wanted]}'s address", "choose another one")
    return wanted


def _make(node: Node, base: str) -> None:
    """Lay out the node's writable layer: its name, its keys, its resolver."""
    shutil.rmtree(node.folder, ignore_errors=True)
    private_folder(node.folder)
    for part in ("root", "upper", "work", "archives", "archives-work"):
        (node.folder / part).mkdir()
    # The upper layer's folder is the node's `/`: its services must be able to pass through.
    etc = node.folder / "upper/etc"
    etc.mkdir()
    (etc / "hostname").write_text(f"{node.name}\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n{node.address} {node.name}\n::1 localhost ip6-localhost\n")
    (etc / "resolv.conf").write_text("".join(f"nameserver {server}\n" for server in network.resolvers()))
    ssh.install_keys(node.folder / "upper", node.address)
    (node.folder / "base").write_text(base)
    (node.folder / "node.json").write_text(json.dumps(asdict(node)))


def _start(node: Node) -> None:
    # A node that was killed from outside has left its mounts and its place on the network.
    _stop(node)
    base = (node.folder / "base").read_text()
    _mount(base, node.folder / "upper", node.folder / "work", node.root)
    _mount(
        str(private_folder(PACKAGES)), node.folder / "archives", node.folder / "archives-work",
        node.root / "var/cache/apt/archives",
    )  # fmt: skip
    namespace = network.add_node(node.name, node.address)
    containers.start_system(node.name, root=node.root, namespace=namespace)


def _stop(node: Node) -> None:
    process = containers.process(node.name) if node.state == "running" else 0
    devices = loops.attached_by(process) if process else []
    if mounts.pinned():
        containers.remove(node.name)
        commands.run(mounts.inside(["umount", "--recursive", "--lazy", node.root]), check=False)
    loops.detach(devices)
    network.remove_node(node.name)


def _mount(lower: str, upper: Path, work: Path, target: Path) -> None:
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    commands.run(mounts.inside(["mount", "-t", "overlay", "overlay", "-o", options, target]))
