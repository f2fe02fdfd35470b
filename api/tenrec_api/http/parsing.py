"""How requests are read: JSON and query strings, checked before any schema sees them.

A tenant may send anything. What no column and no document could hold (NUL, lone surrogates, integers beyond 64 bits,
NaN, nesting without end) is refused here, once, with a 400 that says where it was.
"""

import json
from typing import Any

from flask import Request, request
from marshmallow import ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from tenrec_api.exceptions import InvalidInput

MAX_DEPTH = 32
INT64 = 2**63
# Names of this form mean something to the playbook runs that carry a request out, whose data they would become.
RESERVED_PREFIX = "__ansible_"


class Parser(FlaskParser):
    """webargs' parser with our own JSON reader, and 400 for whatever is not valid."""

    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema) -> Any:
        return read_json(req) if req.get_data(cache=True) else missing

    def handle_error(self, error: ValidationError, req, schema, *, error_status_code, error_headers):
        raise InvalidInput("; ".join(sentences(error.messages))) from error


def read_json(req: Request) -> Any:
    """The request's body as JSON; raises InvalidInput when it is not JSON or holds what nothing can store."""
    try:
        document = json.loads(req.get_data(cache=True), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The body is not valid JSON: {error}") from error
    check_value(document, "body")
    return document


def check_value(value: Any, where: str, depth: int = 0) -> None:
    """Raise InvalidInput when `value` holds a NUL, a lone surrogate, an integer beyond 64 bits, or nests too deeply."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"{where}: nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidInput(f"{where}: a NUL character is not allowed.")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(f"{where}: not valid Unicode text (a lone surrogate at {error.start}).") from error
    elif isinstance(value, int) and not -INT64 <= value < INT64:
        raise InvalidInput(f"{where}: an integer must fit in 64 bits.")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_value(key, f"a name in {where}", depth + 1)
            if key.startswith(RESERVED_PREFIX):
                raise InvalidInput(f"{where}: a name may not begin with {RESERVED_PREFIX}.")
            check_value(item, f"{where}.{key[:40]}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_value(item, f"{where}[{index}]", depth + 1)


def check_url() -> None:
    """Refuse a path or query string that holds what `check_value` refuses."""
    check_value(request.path, "path")
    for name, values in request.args.lists():
        check_value(name, "query")
        check_value(values, f"query {name[:40]}")


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not a JSON number")


def sentences(messages: Any, path: str = "") -> list[str]:
    """Marshmallow's nested messages as flat sentences: ``server.name: Length must be …``."""
    if isinstance(messages, dict):
        return [
            sentence
            for key, value in messages.items()
            for sentence in sentences(
                value, path if key in ("json", "query", "_schema") else f"{path}.{str(key)[:60]}".strip(".")
            )
        ]
    if isinstance(messages, list):
        return [sentence for message in messages for sentence in sentences(message, path)]
    return [f"{path}: {messages}" if path else str(messages)]
