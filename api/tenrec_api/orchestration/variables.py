"""The variables file of a run, written so that nothing in it is ever a template.

ansible-core trusts every string of an extra-variables file as a template, unless it stands under the YAML tag
``!unsafe``; the tag covers keys and everything below it. JSON's own marker (``{"__ansible_unsafe": …}``) does not
do: it leaves keys trusted, and a tenant's key that looks like one of Ansible's markers makes the JSON fail to load,
upon which Ansible reads the same text as YAML and trusts all of it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SURROGATE_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")
# Ansible's own encoding of tagged values: a dict with such a key is refused when it reaches a module.
RESERVED_KEY = "__ansible_"
DEEPEST = 32


class Untransportable(ValueError):
    """A value that cannot reach a module unchanged; the message says which and why."""


def check(value: Any, where: str = "item", depth: int = 0) -> None:
    """Raise Untransportable when `value` cannot reach a module verbatim: a lone surrogate, a reserved key, too deep."""
    if depth > DEEPEST:
        raise Untransportable(f"{where[:200]}: nested more than {DEEPEST} deep")
    if isinstance(value, str):
        _check_text(value, where)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                raise Untransportable(f"{where[:200]}: the key {key!r} is not a string")
            if key.startswith(RESERVED_KEY):
                raise Untransportable(f"{where[:200]}: keys that begin with {RESERVED_KEY} are reserved")
            _check_text(key, where)
            check(each, f"{where}.{key[:40]}", depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            check(each, f"{where}[]", depth + 1)
    elif not (value is None or isinstance(value, int | float)):
        raise Untransportable(f"{where[:200]}: a {type(value).__name__} is not JSON")


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Untransportable(f"{where[:200]}: not valid Unicode ({error.reason})") from error


def encode(value: Any) -> str:
    """`value` in YAML's flow style. Keys are explicit (``? key : value``): others may have at most 1024 characters."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"? {encode(key)} : {encode(each)}" for key, each in value.items()) + "}"
    if isinstance(value, str):
        # JSON's escapes are YAML's, but for characters beyond the first plane, which YAML does not write as two halves.
        return SURROGATE_PAIR.sub(_one_escape, json.dumps(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(encode(each) for each in value) + "]"
    if isinstance(value, float) and not isinstance(value, bool):
        mantissa, exponent, power = repr(value).partition("e")
        # YAML takes 1e+20 for a word; it wants the point.
        return mantissa + (".0" if exponent and "." not in mantissa else "") + exponent + power
    return json.dumps(value)


def _one_escape(pair: re.Match) -> str:
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def document(variables: Mapping[str, Any]) -> str:
    """The text of a variables file: names of ours, values of anybody."""
    return "".join(f"{name}: !unsafe {encode(value)}\n" for name, value in variables.items())


def write(path: Path, variables: Mapping[str, Any]) -> None:
    """Write `variables` to a new file, readable by this user only."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(document(variables), encoding="utf-8")
