"""Resources that are stranded: in a passing state, while nothing is being done to them any more.

A passing state belongs to an unfinished operation, or to the request that receives an image's data. Where that ended
without a word (its record failed, its process died between two steps), the resource would stay so for ever: it is put
into ERROR, with a fault that says why. A deletion that failed out of sight is asked for once more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tenrec_api import lifecycle
from tenrec_api.lifecycle import Lifecycle
from tenrec_api.models.base import now
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.image import Image
from tenrec_api.models.network import Network
from tenrec_api.models.operation import UNFINISHED, Operation
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.models.server import Server
from tenrec_api.models.volume import Volume
from tenrec_api.services import operations
from tenrec_api.services.compute import instance_actions, moves, observations, outcomes
from tenrec_api.services.volume import attachments, volumes

# A state and the operation that owns it begin and end in one transaction, so this is only to let others go first.
QUIET = timedelta(seconds=60)
# A request that receives data says every now and then that it still does.
UPLOAD_QUIET = timedelta(minutes=5)
DELETE_AGAIN = timedelta(minutes=5)
TASK = "Carry out the request"
REASON = "What was being done ended without a result; nothing is being done any more."

End = Callable[[Session, Any], None]


def _end_server(session: Session, server: Server) -> None:
    fault = outcomes.fault_document(
        f"{TASK}: {REASON}", f"no operation is at work while task_state={server.task_state}"
    )
    if server.target is not None:
        # What has been brought there is not complete, or nobody knows.
        observations.remove(session, server.target.name, server)
        moves.stays(session, server)
    if server.task_state == "deleting":
        outcomes.not_deleted(session, server, fault)
    elif server.status in lifecycle.SERVER.passing:
        outcomes.broken(session, server, fault)
    else:
        outcomes.unchanged(session, server, fault)
    instance_actions.abandon(session, server.id, task=TASK, details=REASON)


def _end_making(session: Session, volume: Volume) -> None:
    volumes.not_created(session, volume.id, REASON)


def _end_removing(session: Session, volume: Volume) -> None:
    volumes.not_deleted(session, volume.id, REASON)


def _end_attaching(session: Session, volume: Volume) -> None:
    volume.enter("error")
    volume.fault = REASON


def _end_detaching(session: Session, volume: Volume) -> None:
    for attachment in volume.attachments:
        attachments.not_detached(session, attachment, REASON)
    if not volume.attachments:
        volume.enter("available")
        volume.fault = REASON


def _end_upload(session: Session, image: Image) -> None:
    image.enter("queued")
    image.fault = REASON


def _end_building(session: Session, row: Network | Router | Port | FloatingIp) -> None:
    row.enter("ERROR")


def _delete_again(kind: str) -> End:
    def enqueue(session: Session, row: Any) -> None:
        project_id = row.project_id
        operations.enqueue(session, f"{kind}_delete", kind, row.id, project_id=project_id)
        # What fails again is not asked for again at once.
        row.updated_at = now()

    return enqueue


@dataclass(frozen=True)
class Rule:
    """What is done with rows of `model` that match `suspect` and are unchanged since `quiet`."""

    model: type
    suspect: ColumnElement[bool]
    end: End
    quiet: timedelta = QUIET


# For each noun with a passing state, what ends it.
ENDS: Mapping[str, Mapping[str, End]] = {
    "server": dict.fromkeys(("BUILD", "REBOOT", "HARD_REBOOT"), _end_server),
    "volume": {
        "creating": _end_making,
        "reserved": _end_attaching,
        "attaching": _end_attaching,
        "detaching": _end_detaching,
        "deleting": _end_removing,
    },
    "image": {
        **dict.fromkeys(("saving", "uploading", "importing"), _end_upload),
        "pending_delete": _delete_again("image"),
    },
    "network resource": {"BUILD": _end_building},
}


def _passing(model: type, table: Lifecycle, quiet: timedelta = QUIET) -> list[Rule]:
    return [Rule(model, model.status == state, end, quiet) for state, end in ENDS[table.noun].items()]


RULES: tuple[Rule, ...] = (
    *_passing(Server, lifecycle.SERVER),
    # A task that leaves the status as it is: starting, stopping, deleting.
    Rule(Server, Server.task_state.is_not(None) & Server.deleted_at.is_(None), _end_server),
    *_passing(Volume, lifecycle.VOLUME),
    *_passing(Image, lifecycle.IMAGE, UPLOAD_QUIET),
    # Deleted before it had any data: only its record is left.
    Rule(Image, Image.status == "deleted", _delete_again("image"), DELETE_AGAIN),
    *(
        Rule(model, (model.status == state) & model.deleting.is_(False), end)
        for model in (Network, Router, Port, FloatingIp)
        for state, end in ENDS[lifecycle.NETWORK.noun].items()
    ),
    *(
        Rule(model, model.deleting.is_(True), _delete_again(kind), DELETE_AGAIN)
        for kind, model in (
            ("network", Network),
            ("router", Router),
            ("port", Port),
            ("floating_ip", FloatingIp),
            ("security_group", SecurityGroup),
        )
    ),
)


def find(session: Session) -> list[tuple[Rule, str]]:
    """The rows that seem stranded: the rule that they fall under, and their id."""
    found: list[tuple[Rule, str]] = []
    for rule in RULES:
        found += [(rule, row_id) for row_id in session.scalars(select(rule.model.id).where(*_conditions(rule)))]
    owned = _owned(session) if found else set()
    return [(rule, row_id) for rule, row_id in found if row_id not in owned]


def end(session: Session, rule: Rule, row_id: str) -> bool:
    """End one that `find` named, in the caller's transaction; False when it is not stranded after all."""
    query = select(rule.model.id).where(rule.model.id == row_id, *_conditions(rule)).with_for_update()
    # The row is locked first: who ends an operation changes its resource in the same transaction.
    if session.scalars(query).first() is None or row_id in _owned(session):
        return False
    rule.end(session, session.get(rule.model, row_id, populate_existing=True))
    return True


def _conditions(rule: Rule) -> tuple[ColumnElement[bool], ...]:
    changed_at = func.coalesce(rule.model.updated_at, rule.model.created_at)
    return rule.suspect, changed_at < now() - rule.quiet


def _owned(session: Session) -> set[str]:
    """The resources that unfinished operations are about, or have to themselves."""
    owned: set[str] = set()
    unfinished = select(Operation.resource_id, Operation.touched).where(Operation.status.in_(UNFINISHED))
    for resource_id, touched in session.execute(unfinished):
        owned.add(resource_id)
        owned.update(each for each, exclusively in touched.items() if exclusively)
    return owned
