"""`./tenrec lab`: the cloud on several hosts of `inventories/lab`, and what may happen to these."""

from launcher import machine, nodes, partitions, ssh
from launcher.deployments import LAB
from launcher.errors import LauncherError
from launcher.nodes import Node


def connect(name: str, arguments: list[str]) -> None:
    """Become a shell, or a command, as root on a host of the lab. Does not return."""
    ssh.connect(_host(name).address, arguments)


def kill(name: str) -> None:
    """Cut a host's power."""
    machine.require_root()
    node = _host(name)
    nodes.kill(name)
    print(f"{node.name} {node.address} is without power; ./tenrec lab start {name}")


def start(name: str) -> None:
    """Give a host its power back, and wait until it answers."""
    machine.require_root()
    node, changed = nodes.create(_host(name).name)
    print(f"{node.name} {node.address} {'started' if changed else 'was running already'}")


def cut(first: str, second: str) -> None:
    """Cut two hosts apart; the machine still reaches both."""
    machine.require_root()
    if first == second:
        raise LauncherError(f"{first} cannot be cut off from itself", "name two hosts of the lab")
    partitions.cut(_host(first), _host(second))
    print(f"{first} and {second} no longer reach each other; ./tenrec lab heal")


def heal() -> None:
    """Undo every cut."""
    machine.require_root()
    print("every host reaches every other again" if partitions.heal() else "nothing was cut")


def _host(name: str) -> Node:
    """:raises LauncherError: when the lab has no such host"""
    known = [host.name for host in LAB.hosts() if nodes.exists(host.name)]
    if name not in known:
        there_is = f"there is: {', '.join(known)}" if known else "./tenrec lab up makes it"
        raise LauncherError(f"the lab has no host {name!r}", there_is)
    return nodes.find(name)
