"""How many of each resource a project may have, and whether there is room for more."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import InvalidInput, NotFound, QuotaExceeded
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.identity import Project
from tenrec_api.models.network import Network
from tenrec_api.models.network_quota import NetworkQuota
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule
from tenrec_api.models.subnet import Subnet

UNLIMITED = -1
# Neutron's own defaults: what clients and their documentation expect.
DEFAULTS = {
    "floatingip": 50,
    "network": 100,
    "port": 500,
    "router": 10,
    "security_group": 10,
    "security_group_rule": 100,
    "subnet": 100,
}
COUNTED = {
    "floatingip": FloatingIp,
    "network": Network,
    "port": Port,
    "router": Router,
    "security_group": SecurityGroup,
    "security_group_rule": SecurityGroupRule,
    "subnet": Subnet,
}


def limits(session: Session, project_id: str) -> dict[str, int]:
    """The limit of each resource; -1: any number."""
    rows = session.scalars(select(NetworkQuota).where(NetworkQuota.project_id == project_id))
    return DEFAULTS | {row.resource: row.limit for row in rows}


def used(session: Session, project_id: str, resource: str) -> int:
    """How many of `resource` the project has."""
    model = COUNTED[resource]
    query = select(func.count()).select_from(model).where(model.project_id == project_id)
    if hasattr(model, "deleting"):
        query = query.where(model.deleting.is_(False))
    return session.scalar(query)


def details(session: Session, project_id: str) -> dict[str, dict[str, int]]:
    """Limit and use of each resource. Nothing is ever reserved: a row is made in the transaction that checks."""
    return {
        resource: {"limit": limit, "used": used(session, project_id, resource), "reserved": 0}
        for resource, limit in limits(session, project_id).items()
    }


def check(session: Session, project_id: str, resource: str, wanted: int = 1, *, locked: bool = False) -> None:
    """Raise QuotaExceeded unless the project may have `wanted` more of `resource`.

    The project's row stays locked until the transaction ends, so that two requests cannot both take the last place.
    `locked`: the caller has locked it already.
    """
    if not locked:
        session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    limit = limits(session, project_id)[resource]
    if limit != UNLIMITED and used(session, project_id, resource) + wanted > limit:
        raise QuotaExceeded(f"Quota exceeded for resources: ['{resource}'].", "OverQuota")


def listing(session: Session) -> list[dict]:
    """The limits of the projects that have limits of their own."""
    projects = session.scalars(select(NetworkQuota.project_id).distinct().order_by(NetworkQuota.project_id))
    return [
        limits(session, project_id) | {"project_id": project_id, "tenant_id": project_id} for project_id in projects
    ]


def update(session: Session, project_id: str, wanted: dict[str, int | bool]) -> dict[str, int]:
    """Set limits and return all; commits.

    `wanted`: limits by resource, and `check_limit`: refuse one below what is used already. Raises NotFound when there
    is no such project, InvalidInput.
    """
    wanted = {name: value for name, value in wanted.items() if name != "force"}
    checked = wanted.pop("check_limit", False)
    if session.get(Project, project_id) is None:
        raise NotFound(f"Project {project_id[:80]} could not be found.", "ProjectNotFound")
    for resource, limit in wanted.items():
        if checked and UNLIMITED < limit < used(session, project_id, resource):
            raise InvalidInput(f"The project uses more than {limit} of {resource} already.", "InvalidQuotaValue")
        session.merge(NetworkQuota(project_id=project_id, resource=resource, limit=limit))
    session.commit()
    return limits(session, project_id)


def reset(session: Session, project_id: str) -> None:
    """Give the project the defaults again; commits. Raises NotFound when it had no limits of its own."""
    gone = session.execute(delete(NetworkQuota).where(NetworkQuota.project_id == project_id))
    if not gone.rowcount:
        raise NotFound(f"Quota for tenant {project_id[:80]} could not be found.", "TenantQuotaNotFound")
    session.commit()
