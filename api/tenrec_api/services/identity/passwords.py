"""Passwords are kept as Argon2id hashes (RFC 9106, its second recommended option scaled to one core)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Verified for a user that does not exist, so that the time taken does not tell whether it does.
_DECOY = _hasher.hash("no user has this password")


def hash_password(password: str) -> str:
    """The encoded hash of `password`, with its own salt."""
    return _hasher.hash(password)


def matches(encoded: str | None, password: str) -> bool:
    """Whether `password` is the one behind `encoded`; takes as long when there is none."""
    try:
        return _hasher.verify(encoded or _DECOY, password) and encoded is not None
    except (VerificationError, InvalidHashError):
        return False
