"""Servers: what their playbooks are given, and what becomes of the rows."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.base import now
from tenrec_api.models.operation import Operation
from tenrec_api.models.server import Server
from tenrec_api.orchestration.events import Fault, RunResult
from tenrec_api.orchestration.workflows.base import Periodic, Workflow
from tenrec_api.services import operations
from tenrec_api.services.compute import instance_actions, moves, observations, outcomes, repairs, server_items

# Fetching a large image to a node that does not have it yet is what takes long.
CREATE_SECONDS = 900
# A root disk of some hundred GiB over a network of one Gbit/s.
MIGRATE_SECONDS = 1800


def preload(session: Session, batch: Sequence[Operation]) -> None:
    """What the functions below look up for each server."""
    server_items.preload(session, [operation.resource_id for operation in batch])
    instance_actions.preload(session, [operation.parameters.get("action_id") for operation in batch])


def create_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    """The whole server; nothing when its deletion was asked for before the creation began."""
    server = _server(session, operation)
    if server is None or server.node is None or server.task_state == "deleting":
        return None
    if server.node.name != operation.nodes.get("compute"):
        # A repair that was asked for before the server moved.
        return None
    return repairs.item(session, server) if _is_repair(operation) else server_items.create(session, server)


def created(session: Session, operation: Operation, facts: dict[str, Any]) -> None:
    """It runs."""
    server = _server(session, operation)
    if server is not None:
        (repairs.repaired if _is_repair(operation) else outcomes.created)(session, server)
    _note_success(session, operation)


def not_created(session: Session, operation: Operation, fault: Fault) -> None:
    """It could not be made, and what was made is removed. One that could not be repaired stays what it was."""
    server = _server(session, operation)
    if server is not None and not _is_repair(operation):
        outcomes.not_created(session, server, _document(fault))
    _note_fault(session, operation, fault)


def delete_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    """What is to be removed; a server that lost its place meanwhile, because its creation failed, is simply gone."""
    server = _server(session, operation)
    if server is None and _lives_there(session, operation):
        return None
    if server is not None and server.node is None:
        outcomes.gone(session, server)
        _note_success(session, operation)
        return None
    return server_items.delete(session, operation.resource_id, server)


def deleted(session: Session, operation: Operation, facts: dict[str, Any]) -> None:
    """Nothing of it is left."""
    server = _server(session, operation)
    if server is not None:
        outcomes.gone(session, server)
    _note_success(session, operation)


def not_deleted(session: Session, operation: Operation, fault: Fault) -> None:
    """It is still there."""
    server = _server(session, operation)
    if server is not None:
        outcomes.not_deleted(session, server, _document(fault))
    _note_fault(session, operation, fault)


def plain_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    """The server's id and the parameters of the request."""
    if _server(session, operation) is None:
        return None
    return {"id": operation.resource_id} | {
        name: value for name, value in operation.parameters.items() if name in ("type", "length")
    }


def started(session: Session, operation: Operation, facts: dict[str, Any]) -> None:
    """It runs (again)."""
    server = _server(session, operation)
    if server is not None:
        outcomes.running(session, server)
    _note_success(session, operation)


def stopped(session: Session, operation: Operation, facts: dict[str, Any]) -> None:
    """It is shut off."""
    server = _server(session, operation)
    if server is not None:
        outcomes.shut_off(session, server)
    _note_success(session, operation)


def unchanged(session: Session, operation: Operation, fault: Fault) -> None:
    """A start or stop failed, and with a stop the move that was to follow."""
    server = _server(session, operation)
    if server is not None:
        outcomes.unchanged(session, server, _document(fault))
        if server.target is not None:
            moves.stays(session, server)
    _note_fault(session, operation, fault)


def migrate_item(session: Session, operation: Operation) -> dict[str, Any] | None:
    """The whole server and where its disk is; nothing when it was not stopped, or is being deleted by now."""
    item = moves.item(session, operation)
    if item is None:
        server = _server(session, operation)
        if server is not None and server.target is not None:
            moves.stays(session, server)
        _note_fault(session, operation, Fault("Move the server", "", "It is not shut off any more, or being deleted."))
    return item


def migrated(session: Session, operation: Operation, facts: dict[str, Any]) -> dict[str, str]:
    """It is on the other node."""
    started = moves.moved(session, operation)
    _note_success(session, operation)
    return started


def not_migrated(session: Session, operation: Operation, fault: Fault) -> None:
    """It is where it was, and what was brought to the other node is removed."""
    server = _server(session, operation)
    if server is not None:
        moves.stays(session, server, started=bool(operation.parameters.get(moves.START)))
        server.fault = _document(fault)
    _note_fault(session, operation, fault)


def undo_item(session: Session, operation: Operation) -> dict[str, Any]:
    """A server of which nothing but the id is known."""
    return {"id": operation.resource_id, "server": {"id": operation.resource_id}}


def undone(session: Session, operation: Operation, facts: dict[str, Any]) -> None:
    """The move that failed says what becomes of the server."""


def not_undone(session: Session, operation: Operation, fault: Fault) -> None:
    """The same."""


def broken(session: Session, operation: Operation, fault: Fault) -> None:
    """A reboot failed."""
    server = _server(session, operation)
    if server is not None:
        outcomes.broken(session, server, _document(fault))
    _note_fault(session, operation, fault)


def console_read(session: Session, operation: Operation, facts: dict[str, Any]) -> dict[str, Any]:
    """The output is the operation's result, where the request that waits finds it."""
    return {"output": facts.get("output", "")}


def console_not_read(session: Session, operation: Operation, fault: Fault) -> None:
    """The request that waits reads the operation; the server is what it was."""


def observed(session: Session, result: RunResult) -> None:
    """Bring back what changed outside: guests that shut themselves down, nodes that are away."""
    began = now() - timedelta(seconds=result.seconds)
    for host in result.host_faults:
        observations.record_absence(session, host)
    for host, facts in result.hosts.items():
        if isinstance(facts.get("domains"), list) and host not in result.host_faults:
            observations.record(session, host, facts["domains"], began, facts.get("boot"))
    session.commit()


def _is_repair(operation: Operation) -> bool:
    return bool(operation.parameters.get(operations.REPAIR))


def _server(session: Session, operation: Operation) -> Server | None:
    """The row that the operation is about; None when it is gone, or when only what it left behind is."""
    if operation.parameters.get(observations.LEFTOVER):
        return None
    server = session.get(Server, operation.resource_id)
    return server if server is not None and server.deleted_at is None else None


def _lives_there(session: Session, operation: Operation) -> bool:
    """Whether the server has come back, or is about to, to where what it had left behind was to be removed."""
    server = session.get(Server, operation.resource_id)
    if server is None or server.deleted_at is not None:
        return False
    return operation.nodes.get("compute") in {each.name for each in (server.node, server.target) if each is not None}


def _told(fault: Fault) -> str:
    """The fault's message for the server's owner, whom names and addresses of hosts do not concern."""
    if fault.transient:
        return "The host, or a service on it, could not be reached."
    return fault.message.replace(fault.host, "the host") if fault.host else fault.message


def _document(fault: Fault) -> dict[str, Any]:
    details = f"task '{fault.task}' on host '{fault.host}': {fault.message}"
    return outcomes.fault_document(f"{fault.task}: {_told(fault)}", details)


def _note_success(session: Session, operation: Operation) -> None:
    instance_actions.succeed(session, operation.parameters.get("action_id"), operation.nodes.get("compute"))


def _note_fault(session: Session, operation: Operation, fault: Fault) -> None:
    action_id = operation.parameters.get("action_id")
    instance_actions.fail(session, action_id, task=fault.task, host=fault.host, details=_told(fault))


WORKFLOWS = (
    Workflow(
        "server_create",
        create_item,
        created,
        not_created,
        deadline_seconds=CREATE_SECONDS,
        preload=preload,
        compensation="server_delete",
    ),
    Workflow("server_delete", delete_item, deleted, not_deleted, deadline_seconds=120, preload=preload),
    Workflow("server_start", plain_item, started, unchanged, deadline_seconds=120),
    Workflow("server_stop", plain_item, stopped, unchanged, deadline_seconds=180),
    Workflow("server_reboot", plain_item, started, broken, deadline_seconds=240),
    Workflow(
        "server_migrate",
        migrate_item,
        migrated,
        not_migrated,
        deadline_seconds=MIGRATE_SECONDS,
        batch=4,
        preload=preload,
        compensation="server_migrate_undo",
    ),
    Workflow("server_migrate_undo", undo_item, undone, not_undone, deadline_seconds=120),
    Workflow("server_console", plain_item, console_read, console_not_read, deadline_seconds=25),
)

PERIODICS = (
    Periodic(
        "observe",
        every=lambda config: config.worker.observe_seconds,
        nodes=lambda config: {"compute": "compute"},
        record=observed,
    ),
)
