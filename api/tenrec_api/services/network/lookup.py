"""Which rows of the network API a caller may see, and which it may change.

Besides its own project's rows a caller sees shared and external networks with their subnets, and all ports on its own
networks. A row whose deletion was accepted does not exist any more for anybody.
"""

from typing import TypeVar

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, NotFound, PreconditionFailed
from tenrec_api.models.base import Base
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule
from tenrec_api.models.subnet import Subnet

M = TypeVar("M", bound=Base)

# How each noun is called in messages, and in the `type` of errors.
NAMES = {
    Network: ("Network", "Network"),
    Subnet: ("Subnet", "Subnet"),
    Port: ("Port", "Port"),
    Router: ("Router", "Router"),
    SecurityGroup: ("Security group", "SecurityGroup"),
    SecurityGroupRule: ("Security group rule", "SecurityGroupRule"),
    FloatingIp: ("Floating IP", "FloatingIP"),
}


def visible(context: Context, model: type[Base]) -> Select:
    """A SELECT of the rows of `model` that the caller may see."""
    query = select(model)
    if hasattr(model, "deleting"):
        query = query.where(model.deleting.is_(False))
    return query if context.is_admin else query.where(_may_see(context, model))


def _may_see(context: Context, model: type[Base]) -> ColumnElement[bool]:
    own = model.project_id == context.project_id
    if model is Network:
        return or_(own, Network.shared, Network.external)
    if model is Subnet:
        return or_(own, Subnet.network_id.in_(select(Network.id).where(or_(Network.shared, Network.external))))
    if model is Port:
        return or_(own, Port.network_id.in_(_own_networks(context)))
    return own


def _own_networks(context: Context) -> Select:
    return select(Network.id).where(Network.project_id == context.project_id)


def find(session: Session, context: Context, model: type[M], row_id: str, lock: bool = False) -> M:
    """The row, if the caller may see it; raises NotFound. `lock`: FOR UPDATE until the transaction ends."""
    query = visible(context, model).where(model.id == row_id)
    row = session.scalars(
        query.with_for_update() if lock else query, execution_options={"populate_existing": lock}
    ).first()
    if row is None:
        name, kind = NAMES[model]
        raise NotFound(f"{name} {row_id[:80]} could not be found.", f"{kind}NotFound")
    return row


def find_to_change(session: Session, context: Context, model: type[M], row_id: str, revision: int | None = None) -> M:
    """The row, locked, if the caller may change it.

    Raises NotFound, Forbidden for a row that it may only see, and PreconditionFailed when `revision` (of ``If-Match``)
    is not the row's.
    """
    row = find(session, context, model, row_id, lock=True)
    may = context.is_admin or context.owns(row.project_id) or (model is Port and context.owns(row.network.project_id))
    if not may:
        raise Forbidden(f"{NAMES[model][0]} {row_id} belongs to another project.", "PolicyNotAuthorized")
    if revision is not None and revision != row.revision_number:
        raise PreconditionFailed(
            f"Constrained to {revision}, but current revision is {row.revision_number}",
            "RevisionNumberConstraintFailed",
        )
    return row


def owner_for(context: Context, project_id: str | None) -> str:
    """The project of a new row: the one asked for, which only an admin may choose, or the caller's."""
    if project_id and project_id != context.project_id and not context.is_admin:
        raise Forbidden("Only an admin may create resources for another project.", "PolicyNotAuthorized")
    return project_id or context.project_id or ""


def require_admin(context: Context, values: dict, defaults: dict) -> None:
    """Raise Forbidden when the caller is no admin and `values` differs from `defaults` in an attribute named there."""
    for name, default in defaults.items():
        if not context.is_admin and values.get(name, default) != default:
            raise Forbidden(f"Only an admin may set the attribute {name}.", "PolicyNotAuthorized")


def flush(session: Session, message: str, kind: str) -> None:
    """Send what is pending to the database. A unique constraint that does not hold is a Conflict with `message`."""
    try:
        session.flush()
    except IntegrityError as error:
        session.rollback()
        raise Conflict(message, kind) from error


def nothing() -> ColumnElement[bool]:
    """A condition that holds for no row."""
    return ~true()
