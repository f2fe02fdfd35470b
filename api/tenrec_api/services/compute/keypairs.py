"""Keypairs: a user's own, imported or made here. The private half is returned once and kept nowhere."""

import base64
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_public_key,
)
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput, NotFound
from tenrec_api.models.keypair import Keypair
from tenrec_api.services.compute import quotas
from tenrec_api.services.listing import page


def listing(
    session: Session, user_id: str, *, limit: int | None = None, marker: str | None = None
) -> tuple[list[Keypair], bool]:
    """One page of the user's keypairs by name, and whether there are more; `marker` is a name."""
    query = select(Keypair).where(Keypair.user_id == user_id)
    last = None
    if marker is not None:
        last = session.scalars(query.where(Keypair.name == marker)).first()
        if last is None:
            raise InvalidInput(f"marker [{marker[:80]}] not found")
    return page(session, query, Keypair, limit=limit, marker=last and last.id, sort=[("name", "asc")])


def find(session: Session, user_id: str, name: str) -> Keypair:
    """The user's keypair of that name; raises NotFound."""
    keypair = session.scalars(select(Keypair).where(Keypair.user_id == user_id, Keypair.name == name)).first()
    if keypair is None:
        raise NotFound(f"Keypair {name[:80]} not found for user {user_id[:80]}")
    return keypair


def create(
    session: Session, context: Context, user_id: str, name: str, public_key: str | None
) -> tuple[Keypair, str | None]:
    """Import `public_key`, or make a pair when there is none; commits. Returns the row and the new private key.

    Raises InvalidInput for what is not a public key, Conflict when the name is taken, QuotaExceeded.
    """
    quotas.check_keypairs(session, user_id, context.project_id)
    private_key = None
    if public_key is None:
        private_key, public_key = _generate()
    public_key = public_key.strip()
    keypair = Keypair(user_id=user_id, name=name, public_key=public_key, fingerprint=fingerprint(public_key))
    session.add(keypair)
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict(f"Key pair '{name}' already exists.") from error
    return keypair, private_key


def delete(session: Session, user_id: str, name: str) -> None:
    """Forget a keypair; servers made with it keep the key. Commits; raises NotFound."""
    session.delete(find(session, user_id, name))
    session.commit()


def fingerprint(public_key: str) -> str:
    """MD5 of the key's blob, as pairs of hex digits (RFC 4716, section 4). Raises InvalidInput for what is no key."""
    if "\n" in public_key or "\r" in public_key:
        raise InvalidInput("public_key: a public key is one line: TYPE BASE64 [COMMENT].")
    try:
        normal = load_ssh_public_key(public_key.encode()).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInput("public_key: not an OpenSSH public key; valid: one line TYPE BASE64 [COMMENT].") from error
    digest = hashlib.md5(base64.b64decode(normal.split()[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2))


def _generate() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return private, f"{public} Generated-by-Tenrec"
