"""The findings of the last comparison: asked for, recorded, shown, repaired."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.models.base import now
from tenrec_api.models.finding import ORPHANED, Finding
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.operation import SUCCEEDED, UNFINISHED, Operation
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.models.server import Server
from tenrec_api.services import operations
from tenrec_api.services.compute import observations, repairs
from tenrec_api.services.drift.comparison import Found
from tenrec_api.services.network import floating_ips, networks, ports, routers, security_groups
from tenrec_api.services.volume import attachments

KIND = "reconcile"
# All comparisons are about one thing, so one waits for the other.
CLOUD = "cloud"


def request(session: Session, context: Context | None = None, repair: bool = False) -> Operation:
    """Queue a comparison of the whole cloud, with repairs of what is missing or changed if `repair`; commits."""
    operation = operations.enqueue(session, KIND, CLOUD, CLOUD, context=context, parameters={operations.REPAIR: repair})
    session.commit()
    return operation


def request_if_due(session: Session, seconds: float) -> bool:
    """Queue a comparison without repairs unless one waits or has ended within `seconds`; commits. Returns whether."""
    recent = now() - timedelta(seconds=seconds)
    query = select(Operation.sequence).where(
        Operation.kind == KIND, Operation.status.in_(UNFINISHED) | (Operation.finished_at > recent)
    )
    if session.scalars(query.limit(1)).first() is not None:
        return False
    request(session)
    return True


def last(session: Session) -> datetime | None:
    """When the last comparison that succeeded ended; None when there was none."""
    query = select(Operation.finished_at).where(Operation.kind == KIND, Operation.status == SUCCEEDED)
    return session.scalars(query.order_by(Operation.sequence.desc()).limit(1)).first()


def listing(session: Session) -> list[Finding]:
    """All findings of the last comparison."""
    return list(session.scalars(select(Finding).order_by(Finding.number)))


def record(session: Session, found: Iterable[Found], repair: bool) -> int:
    """Put these findings in place of the last ones, in the caller's transaction; returns how many repairs are queued.

    What belongs together is repaired by one operation.
    """
    session.execute(delete(Finding))
    queued: dict[tuple[str, str], Operation | None] = {}
    for each in found:
        finding = Finding(
            resource_type=each.resource_type,
            resource_id=each.resource_id,
            host=each.host,
            problem=each.problem,
            detail=each.detail,
            repairable=each.repairable,
        )
        if repair and each.repairable:
            operation = _repair(session, each, queued)
            finding.operation_id = operation.id if operation else None
        session.add(finding)
    session.flush()
    return len({operation.id for operation in queued.values() if operation is not None})


def _repair(session: Session, found: Found, queued: dict[tuple[str, str], Operation | None]) -> Operation | None:
    """The operation that repairs it; None when it is not there to be repaired any more."""
    noun = {"export": "attachment"}.get(found.resource_type, found.resource_type)
    subject = (noun, found.resource_id)
    if subject not in queued:
        repair = _remove if found.problem == ORPHANED else REPAIRS[noun]
        queued[subject] = repair(session, found)
    return queued[subject]


def _remove(session: Session, found: Found) -> Operation | None:
    server = session.get(Server, found.resource_id)
    return None if server is None else observations.remove(session, found.host, server)


def _northbound(model: type, enqueue: Callable[[Session, None, Any], Operation]) -> Callable[..., Operation | None]:
    def repair(session: Session, found: Found) -> Operation | None:
        row = session.get(model, found.resource_id)
        return None if row is None or row.deleting else enqueue(session, None, row)

    return repair


def _server(session: Session, found: Found) -> Operation | None:
    server = session.get(Server, found.resource_id)
    if server is None or server.node is None or server.status not in repairs.SETTLED:
        return None
    return repairs.enqueue(session, server)


def _cached_image(session: Session, found: Found) -> Operation | None:
    """The image comes back with a server that is built on it."""
    query = select(Server).where(Server.image_id == found.resource_id, Server.status.in_(repairs.SETTLED))
    server = next((each for each in session.scalars(query) if each.node and each.node.name == found.host), None)
    return None if server is None else repairs.enqueue(session, server)


def _attachment(session: Session, found: Found) -> Operation | None:
    return attachments.enqueue_repair(session, found.resource_id)


REPAIRS: Mapping[str, Callable[[Session, Found], Operation | None]] = {
    "network": _northbound(Network, networks.enqueue_apply),
    "security_group": _northbound(SecurityGroup, security_groups.enqueue_apply),
    "router": _northbound(Router, routers.enqueue_apply),
    "port": _northbound(Port, ports.enqueue_apply),
    "floating_ip": _northbound(FloatingIp, floating_ips.enqueue_apply),
    "attachment": _attachment,
    "server": _server,
    "cached_image": _cached_image,
}
