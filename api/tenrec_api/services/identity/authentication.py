"""Proving who one is, and finding the scope asked for. All failures look alike from outside."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Unauthenticated
from tenrec_api.models.identity import Domain, Project, User
from tenrec_api.services.identity import passwords, tokens
from tenrec_api.services.identity.tokens import Scope, TokenStore

REFUSED = "The user, its password or the scope is not right."


@dataclass(frozen=True)
class Issued:
    """A fresh token: its text and what it lets its holder do."""

    token: str
    context: Context


def authenticate(session: Session, store: TokenStore, auth: dict) -> Issued:
    """A token for the `auth` object of the request (see `schemas/identity/tokens.py`); raises Unauthenticated."""
    user, methods, expires_at, origin = None, [], None, None
    for method in auth["identity"]["methods"]:
        if method == "password":
            proven = _by_password(session, auth["identity"]["password"]["user"])
            methods.append("password")
        else:
            origin = tokens.validate(session, store, auth["identity"]["token"]["id"], "")
            proven = session.get(User, origin.user_id)
            # A token made from a token lives no longer than that one.
            expires_at = origin.expires_at
            methods += ["token", *origin.methods]
        if proven is None or (user is not None and user.id != proven.id):
            raise Unauthenticated(REFUSED)
        user = proven
    scope = _default_scope(session, user) if auth["scope"] == "default" else _scope(session, auth["scope"])
    try:
        token, context = tokens.issue(session, store, user, scope, sorted(set(methods)), expires_at)
    except Unauthenticated as error:
        raise Unauthenticated(REFUSED) from error
    return Issued(token, context)


def _by_password(session: Session, given: dict) -> User | None:
    user = _find(session, User, given)
    right = passwords.matches(user.password_hash if user else None, given["password"])
    return user if right and user.enabled else None


def _default_scope(session: Session, user: User) -> Scope:
    """The user's default project, when it may still use it; else no scope."""
    scope = Scope(project_id=user.default_project_id)
    project = session.get(Project, scope.project_id) if scope.project_id else None
    usable = project is not None and project.enabled and tokens.roles_of(session, user.id, scope)
    return scope if usable else Scope()


def _scope(session: Session, given: dict | None) -> Scope:
    if not given:
        return Scope()
    if "system" in given:
        return Scope(system=True)
    if "domain" in given:
        domain = _find_domain(session, given["domain"])
        if domain is None:
            raise Unauthenticated(REFUSED)
        return Scope(domain_id=domain.id)
    project = _find(session, Project, given["project"])
    if project is None:
        raise Unauthenticated(REFUSED)
    return Scope(project_id=project.id)


def _find(session: Session, model: type[User] | type[Project], given: dict):
    """A user or project by id, or by name within a domain."""
    if "id" in given:
        return session.get(model, given["id"])
    domain = _find_domain(session, given["domain"])
    if domain is None:
        return None
    return session.scalars(select(model).where(model.domain_id == domain.id, model.name == given.get("name"))).first()


def _find_domain(session: Session, given: dict) -> Domain | None:
    if "id" in given:
        return session.get(Domain, given["id"])
    return session.scalars(select(Domain).where(Domain.name == given["name"])).first()
