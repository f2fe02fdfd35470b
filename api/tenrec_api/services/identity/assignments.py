"""Roles, and who has which where."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import NotFound
from tenrec_api.models.identity import Domain, Project, Role, RoleAssignment, User
from tenrec_api.services.identity import projects, records, users
from tenrec_api.services.identity.records import Kind

ROLES = Kind("role", Role)


@dataclass(frozen=True)
class Target:
    """Where a role is held: ``project`` or ``domain`` with its id, or ``system`` with the id ``all``."""

    type: str
    id: str = "all"


def _check(session: Session, target: Target, user_id: str, role_id: str | None = None) -> None:
    """Everything named must be there; raises NotFound."""
    records.show(session, users.USERS, user_id)
    if target.type == "project":
        records.show(session, projects.PROJECTS, target.id)
    elif target.type == "domain":
        records.show(session, projects.DOMAINS, target.id)
    if role_id is not None:
        records.show(session, ROLES, role_id)


def _get(session: Session, target: Target, user_id: str, role_id: str) -> RoleAssignment | None:
    return session.get(RoleAssignment, (user_id, target.type, target.id, role_id))


def grant(session: Session, target: Target, user_id: str, role_id: str) -> None:
    """Give the user the role; given already, nothing changes. Commits."""
    _check(session, target, user_id, role_id)
    if _get(session, target, user_id, role_id) is None:
        session.add(RoleAssignment(user_id=user_id, target_type=target.type, target_id=target.id, role_id=role_id))
        records.commit(session)


def check(session: Session, target: Target, user_id: str, role_id: str) -> None:
    """Raise NotFound unless the user has the role."""
    _check(session, target, user_id, role_id)
    if _get(session, target, user_id, role_id) is None:
        raise NotFound(
            f"Could not find role assignment with role: {role_id}, user: {user_id}, {target.type}: {target.id}."
        )


def revoke(session: Session, target: Target, user_id: str, role_id: str) -> None:
    """Take the role away; raises NotFound when the user has it not. Commits."""
    check(session, target, user_id, role_id)
    session.delete(_get(session, target, user_id, role_id))
    records.commit(session)


def roles_on(session: Session, target: Target, user_id: str) -> list[Role]:
    """The roles that the user has there."""
    _check(session, target, user_id)
    query = (
        select(Role)
        .join(RoleAssignment, RoleAssignment.role_id == Role.id)
        .where(
            RoleAssignment.user_id == user_id,
            RoleAssignment.target_type == target.type,
            RoleAssignment.target_id == target.id,
        )
        .order_by(Role.name)
    )
    return list(session.scalars(query))


def find(session: Session, filters: Mapping[str, str | None], include_names: bool) -> list[dict]:
    """Assignments as the API shows them; `filters`: ``user_id``, ``role_id``, ``project_id``, ``domain_id``,
    ``system``.
    """
    query = select(RoleAssignment, User, Role).join(User, User.id == RoleAssignment.user_id)
    query = query.join(Role, Role.id == RoleAssignment.role_id).order_by(User.name, RoleAssignment.target_id, Role.name)
    for column in ("user_id", "role_id"):
        if filters.get(column):
            query = query.where(getattr(RoleAssignment, column) == filters[column])
    for kind in ("project", "domain"):
        if filters.get(f"{kind}_id"):
            query = query.where(RoleAssignment.target_type == kind, RoleAssignment.target_id == filters[f"{kind}_id"])
    if filters.get("system"):
        query = query.where(RoleAssignment.target_type == "system")
    rows = session.execute(query).all()
    domains = {domain.id: domain for domain in session.scalars(select(Domain))}
    wanted = {row.RoleAssignment.target_id for row in rows}
    named = {project.id: project for project in session.scalars(select(Project).where(Project.id.in_(wanted)))}

    def reference(row, domain_id: str | None = None) -> dict:
        if not include_names:
            return {"id": row.id}
        body = {"id": row.id, "name": row.name}
        return {**body, "domain": {"id": domain_id, "name": domains[domain_id].name}} if domain_id else body

    def scope(assignment: RoleAssignment) -> dict:
        if assignment.target_type == "system":
            return {"system": {"all": True}}
        if assignment.target_type == "domain":
            return {"domain": reference(domains[assignment.target_id])}
        project = named[assignment.target_id]
        return {"project": reference(project, project.domain_id)}

    return [
        {
            "user": reference(row.User, row.User.domain_id),
            "role": reference(row.Role),
            "scope": scope(row.RoleAssignment),
        }
        for row in rows
    ]
