"""What a look at a compute node's domains says about its servers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.base import now
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.operation import UNFINISHED, Operation
from tenrec_api.models.server import Server
from tenrec_api.services import operations
from tenrec_api.services.compute import outcomes, servers

# The parameter of a `server_delete` that nobody asked for: the server's row is not its business.
LEFTOVER = "leftover"


def record(session: Session, host: str, domains: Iterable[Mapping[str, Any]], began: datetime) -> None:
    """Put the states of `domains` (``{id, state}``), seen after `began`, into the rows; the caller commits.

    A server to which something is being done, or was done since `began`, is left alone: its own run tells how that
    ended, and the look may be older. The domain of a server that is gone, or is on no host, is removed: its own
    removal did not reach the host.
    """
    node = session.scalars(select(ComputeNode).where(ComputeNode.name == host)).first()
    if node is None:
        return
    node.observed_at, node.away_since = now(), None
    states = {str(domain["id"]): str(domain["state"]) for domain in domains}
    busy = _busy(session, states)
    for server in session.scalars(servers.locked(select(Server).where(Server.id.in_(states)).order_by(Server.id))):
        if server.id in busy or (server.updated_at or server.created_at) >= began:
            continue
        if server.deleted_at is not None or server.node_id is None:
            _remove(session, host, server)
        elif server.node_id == node.id and server.task_state is None:
            outcomes.observed(session, server, states[server.id])


def record_absence(session: Session, host: str) -> None:
    """Note that a node did not answer a look: it takes no new servers until it does; the caller commits."""
    node = session.scalars(select(ComputeNode).where(ComputeNode.name == host)).first()
    if node is not None and node.away_since is None:
        node.away_since = now()


def _busy(session: Session, server_ids: Iterable[str]) -> set[str]:
    query = select(Operation.resource_id).where(
        Operation.resource_id.in_(list(server_ids)), Operation.status.in_(UNFINISHED)
    )
    return set(session.scalars(query))


def _remove(session: Session, host: str, server: Server) -> None:
    operations.enqueue(
        session,
        "server_delete",
        "server",
        server.id,
        project_id=server.project_id,
        nodes={"compute": host},
        parameters={LEFTOVER: True},
    )
