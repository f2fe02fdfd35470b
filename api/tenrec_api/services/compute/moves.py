"""Servers that move to another compute node: shut off, with their root disk. Volumes and ports are where they were.

Until the move is recorded the server's place is the node from which it comes, where nothing is changed: whatever fails,
it is whole there. Only then what is left there is removed, by an operation of its own.
"""

from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.base import now
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.image import Image
from tenrec_api.models.operation import Operation
from tenrec_api.models.server import Server
from tenrec_api.services import operations
from tenrec_api.services.compute import instance_actions, observations, outcomes, server_items, servers
from tenrec_api.services.compute.nodes import Amount
from tenrec_api.services.compute.scheduling import Scheduler
from tenrec_api.services.network import port_items, server_ports
from tenrec_api.services.volume import attachments

MOVING = "resize_migrating"
# The parameter of a move after which the server is started again.
START = "start"


def migrate(
    session: Session, context: Context, server_id: str, host: str | None = None, restart: bool = False
) -> Operation:
    """Move a server that is shut off to the node `host`, or to the emptiest other one; commits.

    `restart`: one that runs is stopped first and started again when it is there. Raises as `reserve` does.
    """
    server, node = reserve(session, context, server_id, host, restart)
    runs = server.status == "ACTIVE"
    server.target = node
    server.task_state = MOVING
    action = instance_actions.begin(session, context, server, "migrate", "cold_migrate")
    if runs:
        _enqueue(session, context, server, "server_stop", {"compute": server.node.name}, {})
    plugged, shared = port_items.operation_resources(server_ports.of_server(session, server.id))
    parameters = {"action_id": action.id, START: runs}
    where = {"compute": node.name, "source": server.node.name}
    if server.image_id is not None:
        # The other node fetches it, so its deletion waits.
        shared.add(server.image_id)
    volumes = [each.volume_id for each in attachments.of_servers(session, [server.id])[server.id]]
    touched = {"exclusive": [server.id, *plugged, *volumes], "shared": shared}
    operation = _enqueue(session, context, server, "server_migrate", where, parameters, **touched)
    session.commit()
    return operation


def reserve(
    session: Session, context: Context, server_id: str, host: str | None = None, restart: bool = False
) -> tuple[Server, ComputeNode]:
    """The server and the node to which it can go, both locked.

    Raises NotFound; Conflict for the server's state or its node's; InvalidInput when no node, or not `host`, has room.
    """
    # Before the server's row: whoever takes both takes them in this order.
    scheduler = Scheduler.lock(session)
    server = servers.find_unlocked(session, context, server_id)
    _check(session, server, restart)
    if server.node.name == host:
        raise InvalidInput(f"Server {server.id} is on host {host} already; name another one.")
    size = Amount(server.vcpus, server.memory_mib, server.disk_gib)
    node, lacks = scheduler.claim(size, host, leave=server.node)
    if node is None:
        raise InvalidInput(f"No valid host was found for server {server.name} ({server.id}): {lacks}.")
    return server, node


def _enqueue(
    session: Session, context: Context, server: Server, kind: str, where: dict, parameters: dict, **touched: Any
) -> Operation:
    return operations.enqueue(
        session,
        kind,
        "server",
        server.id,
        context=context,
        project_id=server.project_id,
        nodes=where,
        parameters=parameters,
        **touched,
    )


def _check(session: Session, server: Server, restart: bool) -> None:
    refusal = f"Cannot 'migrate' instance {server.id}"
    if server.task_state is not None:
        raise Conflict(f"{refusal} while it is in task_state {server.task_state}")
    if server.status == "ACTIVE" and not restart:
        raise Conflict(f"{refusal} while it is in vm_state active: stop it first")
    if server.status not in ("ACTIVE", "SHUTOFF") or server.node is None:
        raise Conflict(f"{refusal} while it is {server.status}; only one that is SHUTOFF can be moved")
    if server.node.away_since is not None:
        raise Conflict(f"{refusal}: its host {server.node.name} does not answer")
    if server.image_id is not None:
        image = session.get(Image, server.image_id)
        if image is None or image.status not in ("active", "deactivated"):
            raise Conflict(
                f"{refusal}: its disk is built on image {server.image_id}, which is deleted and cannot be fetched there"
            )


def item(session: Session, operation: Operation) -> dict[str, Any] | None:
    """The item of `server_migrate`; None when the server is not to be moved any more."""
    server = session.get(Server, operation.resource_id)
    if server is None or server.target is None or server.status != "SHUTOFF" or server.task_state != MOVING:
        return None
    made = server_items.create(session, server) | {"started": False, "root_disk": server.image_id is not None}
    image = made["image"]
    disk = None if image is None else {key: image[key] for key in ("disk_format", "sha512")} | {"image_id": image["id"]}
    return {"id": server.id, "image": image, "disk": disk and {"id": server.id, **disk}, "server": made}


def moved(session: Session, operation: Operation) -> dict[str, str]:
    """All of it is on the new node: from now on that is its place, and what is left on the old one is removed.

    Returns the operation that starts it there, ``{start: id}``, if it is to run.
    """
    server = session.get(Server, operation.resource_id)
    if server is None or server.target is None:
        return {}
    source, target = server.node, server.target
    server.target = None
    if server.task_state != MOVING:
        # Its deletion was asked for meanwhile, and goes to where it was.
        observations.remove(session, target.name, server)
        return {}
    server.node = target
    outcomes.shut_off(session, server)
    server_ports.bind_server_ports(session, server.id, target.name)
    # Before the removal: the guest need not wait for that.
    started = {START: _start(session, server).id} if operation.parameters.get(START) else {}
    observations.remove(session, source.name, server)
    return started


def _start(session: Session, server: Server) -> Operation:
    server.task_state = "powering-on"
    where = {"compute": server.node.name}
    return operations.enqueue(session, "server_start", "server", server.id, project_id=server.project_id, nodes=where)


def stays(session: Session, server: Server, started: bool = False) -> None:
    """It is not moved, and is what it was; `started`: it ran before, so it is started again where it is."""
    server.target = None
    if server.task_state != MOVING:
        return
    server.task_state = None
    server.updated_at = now()
    if started and server.status == "SHUTOFF":
        _start(session, server)
