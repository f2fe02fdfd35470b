"""Cutting nodes apart: rules on the nodes' bridges that drop what two of them send each other."""

from launcher import commands, network
from launcher.nodes import Node

_TABLE = "tenrec_cuts"
_WITHIN = ["ip", "netns", "exec", network.NAMESPACE, "nft"]


def cut(first: Node, second: Node) -> None:
    """Drop every frame between two nodes, on both networks and in both directions; the machine still reaches both."""
    rules = "".join(
        f"add rule bridge {_TABLE} forward iifname {_end(sender, bridge)} oifname {_end(receiver, bridge)} drop\n"
        for bridge in (network.BRIDGE, network.TUNNEL_BRIDGE)
        for sender, receiver in ((first, second), (second, first))
    )
    chain = f"add chain bridge {_TABLE} forward {{ type filter hook forward priority 0; policy accept; }}\n"
    commands.run([*_WITHIN, "-f", "-"], text=f"add table bridge {_TABLE}\n{chain}{rules}")


def heal() -> bool:
    """Undo every cut; return whether there was one."""
    if not commands.succeeds([*_WITHIN, "list", "table", "bridge", _TABLE]):
        return False
    commands.run([*_WITHIN, "delete", "table", "bridge", _TABLE])
    return True


def _end(node: Node, bridge: str) -> str:
    return network.bridge_end(node.address, bridge)
