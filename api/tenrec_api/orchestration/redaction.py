"""What is secret in an item, and how it is kept out of everything that outlives a run."""

import json
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
    # Most of it is text, and what a Mapping is takes longest to find out.
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: HIDDEN if key in SECRET_KEYS and each else redact(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact(each) for each in value]
    return value


def secrets_of(value: Any) -> set[str]:
    """All strings in `value` that stand under a secret key."""
    found: set[str] = set()
    _collect(value, False, found)
    return found


def _collect(value: Any, secret: bool, found: set[str]) -> None:
    if isinstance(value, str):
        if secret and len(value) >= SHORTEST:
            found.add(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _collect(each, secret or key in SECRET_KEYS, found)
    elif isinstance(value, list | tuple):
        for each in value:
            _collect(each, secret, found)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret hidden, as it is and as JSON spells it; the longest first, in case one holds another."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, HIDDEN)
    return text


def _spellings(secret: str) -> tuple[str, str, str]:
    return secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]


def hide(value: Any, secrets: Iterable[str]) -> Any:
    """A copy of `value` without `secrets`, neither under their keys nor where another text repeats one of them."""
    redacted = redact(value)
    # All at once first: hardly ever is there a second occurrence, and most of what is looked through is large.
    text = json.dumps(redacted)
    found = {secret for secret in secrets if any(spelling in text for spelling in _spellings(secret))}
    return _scrubbed(redacted, found) if found else redacted


def _scrubbed(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {scrub(key, secrets): _scrubbed(each, secrets) for key, each in value.items()}
    if isinstance(value, list):
        return [_scrubbed(each, secrets) for each in value]
    return scrub(value, secrets) if isinstance(value, str) else value


class Unknown(LookupError):
    """What was hidden cannot be found again; the message says where it stood."""


def reveal(kept: Any, fresh: Any, where: str) -> Any:
    """`kept`, which `hide` made, with what it hid taken from the same place of `fresh`: the same item, made anew.

    Members of lists are found by their `id`, or by their place when they have none. `where` begins the path in
    messages. Raises Unknown when the place is not there any more, or empty.
    """
    if isinstance(kept, str) and HIDDEN in kept:
        if fresh is None or (isinstance(fresh, str) and not fresh):
            raise Unknown(f"{where} is not known any more")
        return fresh
    if isinstance(kept, Mapping):
        inside = fresh if isinstance(fresh, Mapping) else {}
        return {key: reveal(each, inside.get(key), f"{where}.{key}") for key, each in kept.items()}
    if isinstance(kept, list):
        return [reveal(each, _counterpart(each, place, fresh), f"{where}[{place}]") for place, each in enumerate(kept)]
    return kept


def _counterpart(kept: Any, place: int, fresh: Any) -> Any:
    members = fresh if isinstance(fresh, list) else []
    if isinstance(kept, Mapping) and "id" in kept:
        return next((each for each in members if isinstance(each, Mapping) and each.get("id") == kept["id"]), None)
    return members[place] if place < len(members) else None
