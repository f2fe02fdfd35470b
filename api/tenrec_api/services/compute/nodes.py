"""Compute nodes: the configuration's, kept as rows, and how much of each is given to servers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from tenrec_api import config
from tenrec_api.exceptions import Conflict, NotFound
from tenrec_api.models.base import now
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.operation import UNFINISHED, Operation
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
# So many servers are named in a refusal.
NAMED = 10


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
        if not servers_of(session, row):
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
    """For each node's id what is given of it, and to how many servers: summed over the servers' own rows.

    A server that is being moved counts on both nodes.
    """
    used: dict[str, tuple[Amount, int]] = {}
    for place in (Server.node_id, Server.target_id):
        query = (
            select(place, func.sum(Server.vcpus), func.sum(Server.memory_mib), func.sum(Server.disk_gib), func.count())
            .where(place.is_not(None))
            .group_by(place)
        )
        for node, vcpus, memory, disk, count in session.execute(query):
            amount, servers = used.get(node, (Amount(), 0))
            used[node] = (amount + Amount(int(vcpus), int(memory), int(disk)), servers + count)
    return used


def servers_of(session: Session, node: ComputeNode) -> list[Server]:
    """The servers that are on the node or on their way to it, by name."""
    here = or_(Server.node_id == node.id, Server.target_id == node.id)
    return list(session.scalars(select(Server).where(here).order_by(Server.name, Server.id)))


def set_enabled(session: Session, name: str, enabled: bool, reason: str | None = None) -> ComputeNode:
    """Let the node of that name take new servers, or not; commits. Raises NotFound."""
    node = named(session, name)
    node.enabled, node.disabled_reason = enabled, None if enabled else reason
    session.commit()
    return node


def named(session: Session, name: str) -> ComputeNode:
    """The node of that name; raises NotFound."""
    node = session.scalars(select(ComputeNode).where(ComputeNode.name == name)).first()
    if node is None:
        raise NotFound(f"Host '{name[:80]}' could not be found.")
    return node


def remove(session: Session, number_or_id: str) -> None:
    """Forget a node that has no servers; commits.

    While the configuration still names the node, the next deployment brings it back. Raises NotFound, and Conflict
    when servers are on it, or a run about one is still to come.
    """
    node = show(session, number_or_id).node
    # Locked as for a claim: no server can be given a place on it meanwhile.
    session.refresh(node, with_for_update=True)
    refuse_while_used(servers_of(session, node))
    for operation in session.scalars(select(Operation).where(Operation.status.in_(UNFINISHED))):
        if node.name in operation.nodes.values():
            raise Conflict(f"Host {node.name} is still needed by operation {operation.id} ({operation.kind}).")
    session.delete(node)
    session.commit()


def refuse_while_used(servers: Sequence[Server]) -> None:
    """Raise Conflict, naming the servers of a node, when there are any."""
    if servers:
        names = ", ".join(f"{each.name} ({each.id})" for each in servers[:NAMED])
        more = f" and {len(servers) - NAMED} more" if len(servers) > NAMED else ""
        raise Conflict(
            f"Unable to delete compute service that is hosting instances. Migrate or delete the instances first: "
            f"{names}{more}."
        )
