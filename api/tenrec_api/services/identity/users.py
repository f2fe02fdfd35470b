"""Users and their passwords."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Forbidden, InvalidInput, NotFound, Unauthenticated
from tenrec_api.models.base import now
from tenrec_api.models.identity import Domain, User
from tenrec_api.services.identity import passwords, records
from tenrec_api.services.identity.records import Kind


def _check(session: Session, user: User) -> None:
    if session.get(Domain, user.domain_id) is None:
        raise InvalidInput(f"Could not find domain: {str(user.domain_id)[:80]}.")


USERS = Kind("user", User, ("name", "domain_id", "enabled"), _check)


def create(session: Session, attributes: Mapping[str, Any]) -> User:
    """A new user; commits."""
    return records.create(session, USERS, _hashed(attributes))


def update(session: Session, user_id: str, attributes: Mapping[str, Any]) -> User:
    """Change a user; a new password, or being disabled, ends the user's tokens. Commits."""
    given = _hashed(attributes)
    if "password_hash" in given or given.get("enabled") is False:
        given["tokens_valid_from"] = now()
    return records.update(session, USERS, user_id, given)


def _hashed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(attributes)
    if "password" in given:
        password = given.pop("password")
        given["password_hash"] = passwords.hash_password(password) if password else None
    return given


def show_visible(session: Session, context: Context, user_id: str) -> User:
    """The user if the caller is an admin, a service, or that user; raises NotFound."""
    if not (context.is_admin or context.has_role("service") or context.user_id == user_id):
        raise NotFound(f"Could not find user: {user_id[:80]}.")
    return records.show(session, USERS, user_id)


def change_password(session: Session, context: Context, user_id: str, original: str, password: str) -> None:
    """A user changes its own password, which ends its tokens. Raises Unauthenticated when `original` is wrong."""
    if context.user_id != user_id:
        raise Forbidden("A user changes its own password only; an administrator updates the user.")
    user = records.show(session, USERS, user_id)
    if not passwords.matches(user.password_hash, original):
        raise Unauthenticated("The original password is not right.")
    if original == password:
        raise InvalidInput("The new password must differ from the original.")
    update(session, user_id, {"password": password})
