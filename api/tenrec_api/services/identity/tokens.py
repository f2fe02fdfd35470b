"""Tokens: a Fernet-encrypted note of who, in what scope, until when; nothing about a live token is stored.

The keys are files ``0``, ``1``, … in one folder (the highest number encrypts, all decrypt), as Keystone lays them
out. What a token's user may do is read from the database and remembered in memcached under the identity data's
current generation: any change to users, projects, roles or assignments makes a new generation, so nothing stale is
ever used.
"""

import base64
import copy
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tenrec_api import config
from tenrec_api.context import Context
from tenrec_api.exceptions import Unauthenticated
from tenrec_api.models.base import now
from tenrec_api.models.identity import Domain, Project, RevokedToken, Role, RoleAssignment, User
from tenrec_api.services.cache import Cache

INVALID = "The token in X-Auth-Token is not valid or has expired; get a new one from POST /identity/v3/auth/tokens."


@dataclass(frozen=True)
class Scope:
    """What a token is for: a project, a domain, the system, or (all empty) nothing yet."""

    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False


class TokenStore:
    """Encrypts and decrypts tokens; holds the keys and the cache, and no state about any token."""

    def __init__(self, identity: config.Identity, cache: config.Cache):
        self.lifetime = timedelta(seconds=identity.token_lifetime_seconds)
        self.cache = Cache(cache)
        self._directory = Path(identity.fernet_key_directory)

    @cached_property
    def _fernet(self) -> MultiFernet:
        files = sorted((file for file in self._directory.iterdir() if file.name.isdigit()), key=lambda f: int(f.name))
        if not files:
            raise FileNotFoundError(f"no Fernet key in {self._directory}; make one with tenrec-manage fernet-key")
        return MultiFernet([Fernet(file.read_bytes().strip()) for file in reversed(files)])

    def uncached(self) -> "TokenStore":
        """The same keys without memcached: nothing is remembered, and nothing forgotten for others."""
        other = copy.copy(self)
        other.cache = Cache(config.Cache())
        return other

    def encrypt(self, payload: dict) -> str:
        """The token's text for `payload`."""
        return self._fernet.encrypt(json.dumps(payload, separators=(",", ":")).encode()).decode().rstrip("=")

    def decrypt(self, token: str) -> dict:
        """The payload of `token`; raises Unauthenticated for anything that no key of ours made."""
        try:
            return json.loads(self._fernet.decrypt((token + "=" * (-len(token) % 4)).encode()))
        except (InvalidToken, ValueError) as error:
            raise Unauthenticated(INVALID) from error


def make_key(directory: Path) -> bool:
    """Make the first Fernet key in `directory` (0600); False when there is one already."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(file.name.isdigit() for file in directory.iterdir()):
        return False
    descriptor = os.open(directory / "0", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
    return True


def issue(
    session: Session, store: TokenStore, user: User, scope: Scope, methods: list[str], expires_at=None
) -> tuple[str, Context]:
    """A new token for `user` in `scope`, and what it lets its holder do. Raises Unauthenticated when the user has no
    role there, or when user, project or domain are disabled.
    """
    payload = {
        "u": user.id,
        "p": scope.project_id,
        "d": scope.domain_id,
        "s": scope.system,
        "m": methods,
        "i": now().isoformat(),
        "e": (expires_at or now() + store.lifetime).isoformat(),
        "a": base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("="),
    }
    context = _context(session, payload, "")
    return store.encrypt(payload), context


def validate(session: Session, store: TokenStore, token: str, request_id: str) -> Context:
    """What `token` lets its holder do. Raises Unauthenticated when it is forged, expired, revoked, or its user,
    project or role is gone.
    """
    payload = store.decrypt(token)
    if datetime.fromisoformat(payload["e"]) <= now():
        raise Unauthenticated(INVALID)
    key = f"token:{payload['a']}"
    facts = store.cache.get(key)
    if facts is None:
        # The generation is noted before the rows are read, so that a change in between is not overwritten.
        generation = store.cache.generation()
        if session.get(RevokedToken, payload["a"]) is not None:
            raise Unauthenticated(INVALID)
        facts = _facts(session, payload)
        store.cache.put(key, facts, generation)
    return _make_context(payload, facts, request_id)


def revoke(session: Session, store: TokenStore, token: str) -> None:
    """Make `token` worthless from now on. Notes of tokens that have expired anyway are swept out."""
    payload = store.decrypt(token)
    session.execute(delete(RevokedToken).where(RevokedToken.expires_at < now()))
    if session.get(RevokedToken, payload["a"]) is None:
        session.add(RevokedToken(audit_id=payload["a"], expires_at=datetime.fromisoformat(payload["e"])))
    session.commit()
    store.cache.forget_all()


def _context(session: Session, payload: dict, request_id: str) -> Context:
    return _make_context(payload, _facts(session, payload), request_id)


def _make_context(payload: dict, facts: dict, request_id: str) -> Context:
    return Context(
        request_id=request_id,
        user_id=payload["u"],
        user_name=facts["user_name"],
        user_domain_id=facts["user_domain_id"],
        project_id=payload["p"],
        project_name=facts["project_name"],
        domain_id=payload["d"],
        system=payload["s"],
        roles=frozenset(facts["roles"]),
        methods=tuple(payload["m"]),
        audit_id=payload["a"],
        issued_at=datetime.fromisoformat(payload["i"]),
        expires_at=datetime.fromisoformat(payload["e"]),
    )


def _facts(session: Session, payload: dict) -> dict:
    """Names and roles behind a payload, from the database; raises Unauthenticated when any of it no longer holds."""
    user = session.get(User, payload["u"])
    issued = datetime.fromisoformat(payload["i"])
    if user is None or not user.enabled or (user.tokens_valid_from and issued < user.tokens_valid_from):
        raise Unauthenticated(INVALID)
    project = session.get(Project, payload["p"]) if payload["p"] else None
    domains = {user.domain_id, payload["d"] or user.domain_id, project.domain_id if project else user.domain_id}
    enabled = set(session.scalars(select(Domain.id).where(Domain.id.in_(domains), Domain.enabled)))
    if domains - enabled or (payload["p"] and (project is None or not project.enabled)):
        raise Unauthenticated(INVALID)
    roles = roles_of(session, user.id, Scope(payload["p"], payload["d"], payload["s"]))
    if (payload["p"] or payload["d"] or payload["s"]) and not roles:
        raise Unauthenticated("The user has no role in the scope asked for.")
    return {
        "user_name": user.name,
        "user_domain_id": user.domain_id,
        "project_name": project.name if project else None,
        "roles": sorted(role.name for role in roles),
    }


def roles_of(session: Session, user_id: str, scope: Scope) -> list[Role]:
    """The roles assigned to the user in `scope`; none in an empty scope."""
    target = ("project", scope.project_id) if scope.project_id else ("domain", scope.domain_id)
    if scope.system:
        target = ("system", "all")
    query = (
        select(Role)
        .join(RoleAssignment, RoleAssignment.role_id == Role.id)
        .where(
            RoleAssignment.user_id == user_id,
            RoleAssignment.target_type == target[0],
            RoleAssignment.target_id == target[1],
        )
        .order_by(Role.name)
    )
    return list(session.scalars(query)) if target[1] else []
