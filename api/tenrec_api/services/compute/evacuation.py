"""Emptying and removing compute nodes, for the operator at a command line: each function waits for what it asks."""

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Unavailable
from tenrec_api.models.operation import SUCCEEDED, Operation
from tenrec_api.models.server import Server
from tenrec_api.services import operations
from tenrec_api.services.compute import actions, moves, nodes, servers

# Longer than a stop, a move and a start may take with all their attempts.
PATIENCE_SECONDS = 4000
MOVABLE = ("SHUTOFF", "ACTIVE")


@dataclass(frozen=True)
class Moved:
    """How the move of a server went: from where to where, and whether it runs now."""

    server: Server
    source: str
    target: str
    runs: bool


def operator() -> Context:
    """Who asks at the command line of the controller: an administrator without a project."""
    return Context(request_id=f"req-{uuid.uuid4()}", roles=frozenset({"admin"}))


def describe(session: Session, name: str) -> dict:
    """A node and its servers as JSON: what stands in the way of emptying it is the `obstacle` of a server.

    Raises NotFound.
    """
    node = nodes.named(session, name)
    use = next(each for each in nodes.listing(session, name_like=name) if each.node.id == node.id)
    return {
        "name": node.name,
        "enabled": node.enabled,
        "up": use.up,
        "servers": [
            {"id": each.id, "name": each.name, "status": each.status, "obstacle": obstacle(each)}
            for each in nodes.servers_of(session, node)
        ],
    }


def obstacle(server: Server) -> str | None:
    """Why a server cannot be moved, and what to do about it; None when it can, once stopped."""
    if server.task_state is not None:
        return f"something is being done to it ({server.task_state}): wait until that has ended"
    if server.status not in MOVABLE:
        return f"it is {server.status}: only one that is SHUTOFF can be moved; set it right or delete it"
    return None


def disable(session: Session, name: str, reason: str) -> bool:
    """Let a node take no new servers; commits. Returns whether it did until now. Raises NotFound."""
    if not nodes.named(session, name).enabled:
        return False
    nodes.set_enabled(session, name, False, reason)
    return True


def choose(session: Session, server_id: str) -> str:
    """Where a server would go now; nothing is changed. Raises as `moves.migrate` does."""
    try:
        return moves.reserve(session, operator(), server_id, restart=True)[1].name
    finally:
        session.rollback()


def move(session: Session, server_id: str, restart: bool) -> Moved:
    """Move a server to another node and wait. With `restart` one that runs is stopped, moved and started again.

    Raises as `moves.migrate` does, and Unavailable when it was not done.
    """
    server = servers.find(session, operator(), server_id)
    source, ran = server.node.name if server.node else "", server.status == "ACTIVE"
    operation = moves.migrate(session, operator(), server_id, restart=restart)
    target = operation.nodes["compute"]
    _wait(session, operation)
    started = session.get(Operation, operation.sequence).result or {}
    if ran and started.get("start"):
        _wait(session, operations.show(session, started["start"]))
    session.expire_all()
    server = servers.find(session, operator(), server_id)
    if server.node is None or server.node.name != target:
        raise Unavailable(f"Server {server.name} ({server.id}) was not moved: it could not be stopped.")
    # What it left behind is gone as well when this returns.
    _wait(session, operations.listing(session, resource_id=server.id, kind="server_delete", limit=1)[0])
    return Moved(server, source, target, server.status == "ACTIVE")


def remove(session: Session, name: str, lose: bool, check: bool = False) -> bool:
    """Forget a node; commits. Returns whether it was known. `check`: only whether it may be.

    It must be disabled and without servers. `lose`: the servers on it, which must not answer any more, are deleted;
    their volumes are given back. Raises Conflict, Unavailable.
    """
    use = next((each for each in nodes.listing(session, name_like=name) if each.node.name == name), None)
    if use is None:
        return False
    if use.node.enabled:
        raise Conflict(f"Host {name} still takes new servers: drain it first.")
    left = nodes.servers_of(session, use.node)
    if left and lose and use.up:
        raise Conflict(f"Host {name} answers: its servers are not lost. Drain it.")
    if left and not lose and not use.up:
        names = ", ".join(f"{each.name} ({each.id})" for each in left)
        raise Conflict(
            f"Host {name} does not answer and has servers: {names}. Start it again and drain it, or give them up: "
            f"lost_servers=true for the playbook, --lose-servers here."
        )
    if not lose:
        nodes.refuse_while_used(left)
    for server in [] if check else left:
        actions.lose(session, operator(), server)
        _wait(session, operations.listing(session, resource_id=server.id, kind="server_delete", limit=1)[0])
    if not check:
        nodes.remove(session, use.node.id)
    return True


def _wait(session: Session, operation: Operation) -> None:
    ended = operations.wait(session, operation.id, PATIENCE_SECONDS)
    if ended.status != SUCCEEDED:
        raise Unavailable(f"{ended.kind} {ended.status}: {ended.failed_task}: {ended.reason} (operation {ended.id})")
