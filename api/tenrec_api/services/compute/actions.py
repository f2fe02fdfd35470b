"""What is done to a server that exists: start, stop, reboot, delete, security groups, console. Each commits."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Unavailable
from tenrec_api.models.server import Server
from tenrec_api.services import operations, rehearsals
from tenrec_api.services.compute import attachments, instance_actions, outcomes
from tenrec_api.services.compute.servers import find, find_unlocked
from tenrec_api.services.compute.vm_states import VM_STATES
from tenrec_api.services.network import ports

DELETING = "deleting"
CONSOLE_TIMEOUT_SECONDS = 30
# The states from which a reboot may start, and what the server is doing meanwhile.
REBOOTS = {
    "SOFT": ({"ACTIVE"}, "REBOOT", "rebooting"),
    "HARD": (
        {"ACTIVE", "SHUTOFF", "REBOOT", "HARD_REBOOT", "PAUSED", "SUSPENDED", "ERROR"},
        "HARD_REBOOT",
        "rebooting_hard",
    ),
}


def start(session: Session, context: Context, server_id: str) -> None:
    """Start a server that is shut off; raises NotFound, Conflict."""
    server = find_unlocked(session, context, server_id)
    _check(server, "start", {"SHUTOFF"})
    server.task_state = "powering-on"
    _run(session, context, server, "server_start", "start", "compute_start_instance")


def stop(session: Session, context: Context, server_id: str) -> None:
    """Shut a server down, by ACPI and then by force; raises NotFound, Conflict."""
    server = find_unlocked(session, context, server_id)
    _check(server, "stop", {"ACTIVE", "ERROR"})
    server.task_state = "powering-off"
    _run(session, context, server, "server_stop", "stop", "compute_stop_instance")


def reboot(session: Session, context: Context, server_id: str, kind: str) -> None:
    """Reboot a server.

    `kind` is SOFT (the guest does it) or HARD (pulled and started anew); raises NotFound, Conflict.
    """
    server = find_unlocked(session, context, server_id)
    allowed, status, task = REBOOTS[kind]
    _check(server, "reboot", allowed, busy_with=("rebooting",) if kind == "HARD" else ())
    server.enter(status)
    server.task_state = task
    _run(session, context, server, "server_reboot", "reboot", "compute_reboot_instance", type=kind)


def delete(session: Session, context: Context, server_id: str) -> None:
    """Delete a server in any state. It keeps its status until it is gone; asked again while it goes, nothing happens.

    Raises NotFound, and Conflict for a locked server.
    """
    server = find_unlocked(session, context, server_id)
    if server.task_state == DELETING:
        return
    action = instance_actions.begin(session, context, server, "delete", "compute_terminate_instance")
    if server.node is None:
        # It never had a place, or lost it when its creation failed: there is nothing on any host.
        instance_actions.succeed(session, action.id, None)
        outcomes.gone(session, server)
        session.commit()
        return
    _remove(session, context, server, action.id, attachments.nodes(session, server))
    session.commit()


def lose(session: Session, context: Context, server: Server) -> None:
    """Delete a server whose host is gone for good, with its root disk; its volumes are given back. Commits."""
    action = instance_actions.begin(session, context, server, "delete", "compute_terminate_instance")
    where = attachments.nodes(session, server)
    del where["compute"]
    _remove(session, context, server, action.id, where)
    session.commit()


def _remove(session: Session, context: Context, server: Server, action_id: int, where: dict[str, str]) -> None:
    server.task_state = DELETING
    touched = [port.id for port in ports.of_server(session, server.id)]
    touched += attachments.volumes_of(session, [server.id]).get(server.id, [])
    operations.enqueue(
        session,
        "server_delete",
        "server",
        server.id,
        context=context,
        project_id=server.project_id,
        exclusive=[server.id, *touched],
        nodes=where,
        parameters={"action_id": action_id},
    )


def add_security_group(session: Session, context: Context, server_id: str, name: str) -> None:
    """Put the server's ports into a security group, by name or id; raises NotFound, Conflict."""
    server = find_unlocked(session, context, server_id)
    ports.change_security_groups(session, context, server.id, add=name)
    instance_actions.begin(session, context, server, "addSecurityGroup")
    session.commit()


def remove_security_group(session: Session, context: Context, server_id: str, name: str) -> None:
    """Take the server's ports out of a security group; raises NotFound, Conflict."""
    server = find_unlocked(session, context, server_id)
    ports.change_security_groups(session, context, server.id, remove=name)
    instance_actions.begin(session, context, server, "removeSecurityGroup")
    session.commit()


def console_output(session: Session, context: Context, server_id: str, length: int | None) -> str:
    """The last `length` lines of the serial console (None: all). Waits for the run.

    Raises NotFound, Conflict while there is no console yet, Unavailable when the host did not answer.
    """
    server = find(session, context, server_id)
    if server.node is None or server.status == "BUILD" or server.task_state == DELETING or server.target is not None:
        raise Conflict(f"Instance {server.id} is not ready")
    if length == 0 or rehearsals.stop_here(session, "The console is read by the real request only."):
        return ""
    operation = operations.enqueue(
        session,
        "server_console",
        "server",
        server.id,
        context=context,
        project_id=server.project_id,
        exclusive=(),
        shared=[server.id],
        nodes={"compute": server.node.name},
        parameters={"length": length},
        max_attempts=1,
    )
    session.commit()
    ended = operations.wait(session, operation.id, CONSOLE_TIMEOUT_SECONDS)
    if ended.status != "succeeded":
        raise Unavailable(
            f"The console of instance {server.id} could not be read: {ended.reason} (operation {ended.id})"
        )
    return ended.result.get("output") or ""


def _check(server: Server, action: str, allowed: Iterable[str], busy_with: Iterable[str] = ()) -> None:
    if server.task_state is not None and server.task_state not in busy_with:
        raise Conflict(f"Cannot '{action}' instance {server.id} while it is in task_state {server.task_state}")
    if server.status not in allowed:
        raise Conflict(f"Cannot '{action}' instance {server.id} while it is in vm_state {VM_STATES[server.status]}")
    if server.node is None:
        raise Conflict(f"Cannot '{action}' instance {server.id}: it was never launched")


def _run(
    session: Session, context: Context, server: Server, kind: str, action: str, event: str, **parameters: str
) -> None:
    row = instance_actions.begin(session, context, server, action, event)
    operations.enqueue(
        session,
        kind,
        "server",
        server.id,
        context=context,
        project_id=server.project_id,
        nodes={"compute": server.node.name},
        parameters={"action_id": row.id, **parameters},
    )
    session.commit()
