"""Compute nodes: the configuration's, kept as rows, and how much of each is given to servers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tenrec_api import config
from tenrec_api.exceptions import NotFound
from tenrec_api.models.base import now
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.server import Server

FIELDS = (
    "vcpus",
    "memory_mib",
    "disk_gib",
    "cpu_allocation_ratio",
    "memory_allocation_ratio",
    "disk_allocation_ratio",
)
# The one availability zone.
ZONE = "nova"
# A node that no run has seen for so long counts as down.
SILENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Amount:
    """So much of a node, or so much asked of one: virtual CPUs, memory in MiB, disk in GiB."""

    vcpus: int = 0
    memory_mib: int = 0
    disk_gib: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.vcpus + other.vcpus, self.memory_mib + other.memory_mib, self.disk_gib + other.disk_gib)


@dataclass(frozen=True)
class NodeUse:
    """A node with what is given of it and to how many servers."""

    node: ComputeNode
    used: Amount
    servers: int

    @property
    def up(self) -> bool:
        """Whether the node answered when a run last looked, and that was lately, or none has looked yet."""
        seen = self.node.observed_at or self.node.created_at
        return self.node.present and self.node.away_since is None and now() - seen < SILENCE


def sync(session: Session, nodes: Iterable[config.ComputeNode]) -> bool:
    """Make the rows as the configuration says; the caller commits. Returns whether anything differed.

    A node that is no longer configured is removed, or kept without taking servers while some are still on it.
    """
    rows = {row.name: row for row in session.scalars(select(ComputeNode))}
    changed = False
    for node in nodes:
        row = rows.pop(node.name, None)
        wanted = {field: getattr(node, field) for field in FIELDS} | {"present": True}
        if row is None:
            session.add(ComputeNode(name=node.name, **wanted))
            changed = True
            continue
        for field, value in wanted.items():
            if getattr(row, field) != value:
                setattr(row, field, value)
                changed = True
    for row in rows.values():
        if session.scalars(select(Server.id).where(Server.node_id == row.id).limit(1)).first() is None:
            session.delete(row)
            changed = True
        elif row.present:
            row.present = False
            changed = True
    session.flush()
    return changed


def listing(session: Session, *, name_like: str | None = None) -> list[NodeUse]:
    """All nodes by number, with their use; two queries. `name_like`: part of the name."""
    query = select(ComputeNode).order_by(ComputeNode.number)
    if name_like is not None:
        query = query.where(ComputeNode.name.contains(name_like, autoescape=True))
    nodes = session.scalars(query).all()
    used = usage(session)
    return [NodeUse(node, *used.get(node.id, (Amount(), 0))) for node in nodes]


def show(session: Session, number_or_id: str) -> NodeUse:
    """The node of that number or id; raises NotFound."""
    query = select(ComputeNode).where(ComputeNode.id == number_or_id)
    if number_or_id.isascii() and number_or_id.isdigit() and len(number_or_id) < 10:
        query = select(ComputeNode).where(ComputeNode.number == int(number_or_id))
    node = session.scalars(query).first()
    if node is None:
        raise NotFound(f"Compute host {number_or_id[:80]} could not be found.")
    return NodeUse(node, *usage(session).get(node.id, (Amount(), 0)))


def usage(session: Session) -> dict[str, tuple[Amount, int]]:
    """For each node's id what is given of it, and to how many servers: summed over the servers' own rows."""
    query = (
        select(
            Server.node_id,
            func.sum(Server.vcpus),
            func.sum(Server.memory_mib),
            func.sum(Server.disk_gib),
            func.count(),
        )
        .where(Server.node_id.is_not(None))
        .group_by(Server.node_id)
    )
    return {
        node: (Amount(int(vcpus), int(memory), int(disk)), count)
        for node, vcpus, memory, disk, count in session.execute(query)
    }


def set_enabled(session: Session, name: str, enabled: bool, reason: str | None = None) -> ComputeNode:
    """Let the node of that name take new servers, or not; commits. Raises NotFound."""
    node = session.scalars(select(ComputeNode).where(ComputeNode.name == name)).first()
    if node is None:
        raise NotFound(f"Host '{name[:80]}' could not be found.")
    node.enabled, node.disabled_reason = enabled, None if enabled else reason
    session.commit()
    return node
