"""Resource providers: the compute nodes, what each has, and what the servers on it were given.

Nothing here has rows of its own: inventories are the nodes' capacities, allocations the servers' claims.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import NotFound
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.server import Server
from tenrec_api.services.compute import nodes

VCPU, MEMORY_MB, DISK_GB = "VCPU", "MEMORY_MB", "DISK_GB"
COLUMNS = {VCPU: "vcpus", MEMORY_MB: "memory_mib", DISK_GB: "disk_gib"}
RATIOS = {VCPU: "cpu_allocation_ratio", MEMORY_MB: "memory_allocation_ratio", DISK_GB: "disk_allocation_ratio"}


def listing(session: Session, name: str | None = None, provider_id: str | None = None) -> list[ComputeNode]:
    """The providers by number, those of that name or id when one is given."""
    query = select(ComputeNode).order_by(ComputeNode.number)
    if name is not None:
        query = query.where(ComputeNode.name == name)
    if provider_id is not None:
        query = query.where(ComputeNode.id == provider_id)
    return list(session.scalars(query))


def show(session: Session, provider_id: str) -> ComputeNode:
    """The provider; raises NotFound."""
    found = listing(session, provider_id=provider_id)
    if not found:
        raise NotFound(f"No resource provider with uuid {provider_id[:80]} found")
    return found[0]


def generation(node: ComputeNode) -> int:
    """A number that changes when the node's inventory does: the second of its last change."""
    return int((node.updated_at or node.created_at).timestamp())


def inventories(node: ComputeNode) -> dict[str, dict]:
    """What the node has of each resource class; 0 of a class is no inventory of it."""
    totals = {name: getattr(node, column) for name, column in COLUMNS.items()}
    return {
        name: {
            "total": total,
            "reserved": 0,
            "min_unit": 1,
            "max_unit": total,
            "step_size": 1,
            "allocation_ratio": getattr(node, RATIOS[name]),
        }
        for name, total in totals.items()
        if total
    }


def inventory(node: ComputeNode, resource_class: str) -> dict:
    """What the node has of one class; raises NotFound."""
    found = inventories(node).get(resource_class)
    if found is None:
        raise NotFound(f"No inventory of class {resource_class[:80]} for {node.id}")
    return found


def usages(session: Session, node: ComputeNode) -> dict[str, int]:
    """How much of each class is given away."""
    used, _servers = nodes.usage(session).get(node.id, (nodes.Amount(), 0))
    return {name: getattr(used, column) for name, column in COLUMNS.items()}


def allocations_of_provider(session: Session, node: ComputeNode) -> dict[str, dict[str, int]]:
    """For each server on the node what it was given."""
    return {server.id: _given(server) for server in session.scalars(select(Server).where(Server.node_id == node.id))}


def allocations_of_consumer(session: Session, consumer_id: str) -> tuple[ComputeNode, dict[str, int]] | None:
    """Where a server is and what it was given; None when nothing has that id or it has no place."""
    server = session.scalars(select(Server).where(Server.id == consumer_id, Server.node_id.is_not(None))).first()
    return (server.node, _given(server)) if server else None


def _given(server: Server) -> dict[str, int]:
    amounts = {name: getattr(server, column) for name, column in COLUMNS.items()}
    return {name: amount for name, amount in amounts.items() if amount}
