"""What becomes of a server's row when a run has ended. The worker calls these; each may be called twice."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.base import now
from tenrec_api.models.server import Server
from tenrec_api.services.network import ports
from tenrec_api.services.volume import attachments

RUNNING, SHUT_DOWN, NO_STATE = 1, 4, 0
# libvirt's words for a domain's state, as the API numbers them.
POWER_STATES = {"running": RUNNING, "paused": 3, "shutoff": SHUT_DOWN, "crashed": 6, "suspended": 7}
MESSAGE_CHARACTERS = 1000


def fault_document(message: str, details: str) -> dict[str, Any]:
    """A server's fault: `message`, for its owner, names the failed task; `details`, for administrators the host."""
    return {
        "code": 500,
        "message": message[:MESSAGE_CHARACTERS],
        "details": details,
        "created": now().isoformat(),
    }


def created(session: Session, server: Server) -> None:
    """The server was made, with its volumes, and runs."""
    running(session, server)
    for attachment in attachments.of_servers(session, [server.id])[server.id]:
        attachments.attached(session, attachment)


def running(session: Session, server: Server) -> None:
    """The server was started or rebooted, and runs."""
    _settle(server, "ACTIVE", RUNNING)
    server.launched_at = server.launched_at or now()
    server.fault = None
    ports.set_server_active(session, server.id, True)


def shut_off(session: Session, server: Server) -> None:
    """The server is stopped."""
    _settle(server, "SHUTOFF", SHUT_DOWN)
    server.fault = None
    ports.set_server_active(session, server.id, False)


def not_created(session: Session, server: Server, fault: Mapping[str, Any]) -> None:
    """The creation failed and what it made is removed: nothing stays but the row that says why."""
    _settle(server, "ERROR", NO_STATE)
    server.fault = dict(fault)
    _release(session, server)


def gone(session: Session, server: Server) -> None:
    """Nothing of the server is left on any host."""
    if server.deleted_at is not None:
        return
    _release(session, server)
    server.enter("DELETED")
    server.task_state, server.power_state, server.deleted_at = None, NO_STATE, now()


def not_deleted(session: Session, server: Server, fault: Mapping[str, Any]) -> None:
    """The deletion failed: the server stays, with its claim, and can be deleted again."""
    server.task_state = None
    if server.status != "ERROR":
        server.enter("ERROR")
    server.fault = dict(fault)


def unchanged(session: Session, server: Server, fault: Mapping[str, Any]) -> None:
    """A start or stop failed: the server is what it was; the next look at its domain corrects it if not."""
    _settle(server, server.status, server.power_state)
    server.fault = dict(fault)


def broken(session: Session, server: Server, fault: Mapping[str, Any]) -> None:
    """A reboot failed: nobody knows what the guest is doing."""
    _settle(server, "ERROR", server.power_state)
    server.fault = dict(fault)


def observed(session: Session, server: Server, state: str) -> None:
    """The server's domain was seen in libvirt's `state` while nothing was being done to it."""
    power = POWER_STATES.get(state, NO_STATE)
    if server.status == "ACTIVE" and state in ("shutoff", "crashed"):
        shut_off(session, server)
    elif server.status == "SHUTOFF" and state == "running":
        running(session, server)
    server.power_state = power


def _settle(server: Server, status: str, power_state: int) -> None:
    """What was being done is over; a deletion that was asked for meanwhile still is to come, and so is a move."""
    server.enter(status)
    server.power_state = power_state
    if server.task_state != "deleting" and server.target is None:
        server.task_state = None


def _release(session: Session, server: Server) -> None:
    """Give back the place, the ports and the volumes."""
    ports.release_server_ports(session, server.id)
    attachments.release_server(session, server.id)
    server.node_id = server.target_id = None
    server.node = server.target = None
