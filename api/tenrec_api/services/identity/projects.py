"""Projects and domains: what resources and users belong to."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput, NotFound
from tenrec_api.models.identity import Domain, Project, RoleAssignment, User
from tenrec_api.services.identity import records
from tenrec_api.services.identity.records import Kind

DEFAULT_DOMAIN = "default"


def _check_project(session: Session, project: Project) -> None:
    if session.get(Domain, project.domain_id) is None:
        raise InvalidInput(f"Could not find domain: {str(project.domain_id)[:80]}.")
    project.parent_id = project.parent_id or project.domain_id
    parent = session.get(Project, project.parent_id)
    if project.parent_id != project.domain_id and (parent is None or parent.domain_id != project.domain_id):
        raise InvalidInput(f"Could not find parent project: {str(project.parent_id)[:80]} in the domain.")


def _before_project_goes(session: Session, project: Project) -> None:
    if session.scalars(select(Project.id).where(Project.parent_id == project.id)).first():
        raise Forbidden(f"Cannot delete project {project.id}: it has projects below it.")
    session.execute(
        delete(RoleAssignment).where(RoleAssignment.target_type == "project", RoleAssignment.target_id == project.id)
    )


def _before_domain_goes(session: Session, domain: Domain) -> None:
    if domain.id == DEFAULT_DOMAIN or domain.enabled:
        raise Forbidden("Cannot delete a domain that is enabled, nor the default one; disable it first.")
    for model in (Project, User):
        if session.scalars(select(model.id).where(model.domain_id == domain.id)).first():
            raise Conflict(f"Cannot delete domain {domain.id}: it still has projects or users.")
    session.execute(
        delete(RoleAssignment).where(RoleAssignment.target_type == "domain", RoleAssignment.target_id == domain.id)
    )


PROJECTS = Kind("project", Project, ("name", "domain_id", "parent_id", "enabled"), _check_project, _before_project_goes)
DOMAINS = Kind("domain", Domain, ("name", "enabled"), before_delete=_before_domain_goes)


def exists(session: Session, project_id: str) -> Project:
    """The project; raises NotFound."""
    return records.show(session, PROJECTS, project_id)


def show_visible(session: Session, context: Context, project_id: str) -> Project:
    """The project if the caller is an admin, acts in it, or has a role in it; raises NotFound."""
    project = exists(session, project_id)
    if not (context.is_admin or context.owns(project_id) or context.has_role("service")):
        of_caller = {project.id for project in of_user(session, context.user_id)}
        if project_id not in of_caller:
            raise NotFound(f"Could not find project: {project_id[:80]}.")
    return project


def show_visible_domain(session: Session, context: Context, domain_id: str) -> Domain:
    """The domain if the caller is an admin or belongs to it; raises NotFound."""
    domain = records.show(session, DOMAINS, domain_id)
    if not (context.is_admin or context.user_domain_id == domain_id):
        raise NotFound(f"Could not find domain: {domain_id[:80]}.")
    return domain


def of_user(session: Session, user_id: str) -> list[Project]:
    """The enabled projects in which the user has a role."""
    query = (
        select(Project)
        .join(RoleAssignment, (RoleAssignment.target_type == "project") & (RoleAssignment.target_id == Project.id))
        .where(RoleAssignment.user_id == user_id, Project.enabled)
        .distinct()
        .order_by(Project.name)
    )
    return list(session.scalars(query))


def domains_of_user(session: Session, user_id: str) -> list[Domain]:
    """The enabled domains in which the user has a role."""
    query = (
        select(Domain)
        .join(RoleAssignment, (RoleAssignment.target_type == "domain") & (RoleAssignment.target_id == Domain.id))
        .where(RoleAssignment.user_id == user_id, Domain.enabled)
        .distinct()
        .order_by(Domain.name)
    )
    return list(session.scalars(query))
