"""What a look at a compute node's domains says about its servers."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.base import now
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.operation import FAILED, UNFINISHED, Operation
from tenrec_api.models.server import Server
from tenrec_api.services import operations
from tenrec_api.services.compute import outcomes, repairs, servers

# The parameter of a `server_delete` that nobody asked for: the server's row is not its business.
LEFTOVER = "leftover"
# Why a domain is off when the guest itself wanted it so.
OWN_WILL = "shutdown"
# After a start of a server that failed, the next one comes no sooner: what it needs may be down as well. With each
# failure the pause doubles, up to a quarter of an hour.
PAUSE = timedelta(seconds=15)
TRIES_COUNTED = 7


def record(
    session: Session, host: str, domains: Iterable[Mapping[str, Any]], began: datetime, boot: str | None = None
) -> None:
    """Put the states of `domains` (``{id, state, reason}``), seen after `began`, into the rows; the caller commits.

    A server to which something is being done, or was done since `began`, is left alone: its own run tells how that
    ended, and the look may be older. The domain of a server that is gone, or is on no host, is removed: its own
    removal did not reach the host. So is one that is off, of a server that is elsewhere. A guest that shut itself down
    is SHUTOFF; one that lost its power is started again, until it runs, when the host has been started since (`boot` is
    another one than that in which all were last seen to run), and else is drift for an operator.
    """
    node = session.scalars(select(ComputeNode).where(ComputeNode.name == host)).first()
    if node is None:
        return
    node.observed_at, node.away_since = now(), None
    seen = {str(domain["id"]): domain for domain in domains}
    restarted = boot is not None and node.boot is not None and boot != node.boot
    waiting = False
    busy = _busy(session, seen)
    for server in session.scalars(servers.locked(select(Server).where(Server.id.in_(seen)).order_by(Server.id))):
        if server.id in busy or (server.updated_at or server.created_at) >= began:
            waiting = True
        elif server.deleted_at is not None or server.node_id is None:
            remove(session, host, server)
        elif server.node_id == node.id and server.task_state is None:
            waiting |= _take(session, server, seen[server.id], restarted)
        elif server.node_id != node.id and server.target_id is None and seen[server.id]["state"] == "shutoff":
            # It was moved away while this host did not answer.
            remove(session, host, server)
    if not (restarted and waiting):
        # Else the next look gives those their power back whose own run did not.
        node.boot = boot or node.boot


def record_absence(session: Session, host: str) -> None:
    """Note that a node did not answer a look: it takes no new servers until it does; the caller commits."""
    node = session.scalars(select(ComputeNode).where(ComputeNode.name == host)).first()
    if node is not None and node.away_since is None:
        node.away_since = now()


def _take(session: Session, server: Server, domain: Mapping[str, Any], restarted: bool) -> bool:
    """Put the state of a domain into its server's row; returns whether the server has yet to get its power back."""
    lost_power = domain["state"] == "shutoff" and domain.get("reason") != OWN_WILL and server.status == "ACTIVE"
    if lost_power and restarted:
        if not _failed_lately(session, server):
            repairs.enqueue(session, server)
        return True
    if lost_power:
        server.power_state = outcomes.SHUT_DOWN
    else:
        outcomes.observed(session, server, str(domain["state"]))
    return False


def _failed_lately(session: Session, server: Server) -> bool:
    latest = select(Operation).where(Operation.resource_id == server.id).order_by(Operation.sequence.desc())
    tries = list(
        itertools.takewhile(
            lambda each: each.status == FAILED and operations.REPAIR in each.parameters,
            session.scalars(latest.limit(TRIES_COUNTED)),
        )
    )
    return bool(tries) and tries[0].finished_at > now() - PAUSE * 2 ** (len(tries) - 1)


def _busy(session: Session, server_ids: Iterable[str]) -> set[str]:
    query = select(Operation.resource_id).where(
        Operation.resource_id.in_(list(server_ids)), Operation.status.in_(UNFINISHED)
    )
    return set(session.scalars(query))


def remove(session: Session, host: str, server: Server) -> Operation:
    """Queue the removal of what a server that is gone has left on `host`, in the caller's transaction."""
    return operations.enqueue(
        session,
        "server_delete",
        "server",
        server.id,
        project_id=server.project_id,
        nodes={"compute": host},
        parameters={LEFTOVER: True},
    )
