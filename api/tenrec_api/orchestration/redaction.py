"""What is secret in an item, and how it is kept out of everything that outlives a run."""

from collections.abc import Iterable, Mapping
from typing import Any

# The one list of secret keys. Add the name here when an item gets a new secret.
SECRET_KEYS = frozenset(
    {
        "admin_pass",
        "chap_password",
        "password",
        "private_key",
        "secret",
        "token",
        "user_data",
    }
)
HIDDEN = "********"
# A shorter value would blank out half of every text, and is no secret worth the name.
SHORTEST = 6


def redact(value: Any) -> Any:
    """A copy of `value` in which what stands under a secret key is hidden (null and empty stay, they say something)."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if key in SECRET_KEYS and each else redact(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact(each) for each in value]
    return value


def secrets_of(value: Any, secret: bool = False) -> set[str]:
    """All strings in `value` that stand under a secret key."""
    if isinstance(value, Mapping):
        return set().union(*(secrets_of(each, secret or key in SECRET_KEYS) for key, each in value.items()))
    if isinstance(value, list | tuple):
        return set().union(*(secrets_of(each, secret) for each in value))
    return {value} if secret and isinstance(value, str) and len(value) >= SHORTEST else set()


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret hidden, the longest first, in case one holds another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
