"""Dry runs: any create, change or delete with ``X-Tenrec-Dry-Run: true`` is rehearsed, and answered with a verdict.

A request that would be refused is answered exactly as the real one, with the header beside it. One that would be
accepted is answered with 200 and, in every API alike::

    {"dry_run": {
        "verdict": "accepted", or "would_fail" when a node's check failed,
        "status": the status of the real answer,
        "answer": the body of the real answer (its ids are not those of a later request) or null,
        "outstanding": what the real request does besides and a rehearsal leaves out, as sentences,
        "nodes": "asked", "nothing to ask", or "not asked: why",
        "operations": [{"kind", "resource_type", "resource_id", "changed", "tasks", "diffs", "fault"}, …]}}

`changed`, `tasks`, `diffs` and `fault` are null when the nodes were not asked. Administrators see each operation's
`nodes` and the hosts of tasks and diffs as well; nobody else does.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from apispec import BasePlugin
from flask import Flask, Response, current_app, g, jsonify, request
from sqlalchemy.exc import DBAPIError

from tenrec_api.exceptions import InvalidInput
from tenrec_api.models.operation import Operation
from tenrec_api.services.rehearsals import Rehearsal, WorkerAway

log = logging.getLogger(__name__)

HEADER = "X-Tenrec-Dry-Run"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a diff says of hosts under names of its own, besides the hosts' names themselves.
HOST_KEYS = frozenset({"access", "chassis_name", "host", "path", "requested-chassis"})
HOST_LABEL = "gateway chassis "
NOTHING = re.compile("(?!)")
AWAY = "The host, or a service on it, could not be reached."


class Unpreparable:
    """Stands for the item of an operation that the worker could not carry out."""


def register(app: Flask) -> None:
    """Install the verdict. It is made before the steps that were registered earlier see the answer."""
    app.after_request(conclude)


def begin() -> Rehearsal | None:
    """The rehearsal that the request asks for; None when it is to be carried out. Raises InvalidInput."""
    given = request.headers.get(HEADER)
    if given is None or request.method in SAFE_METHODS:
        return None
    if given.strip().lower() not in ("true", "false"):
        raise InvalidInput(f"The header {HEADER} is '{given[:40]}'; valid: true, false.")
    return current_app.extensions["tenrec"].stage.begin() if given.strip().lower() == "true" else None


def conclude(response: Response) -> Response:
    """Turn a rehearsed request's answer into the verdict, and undo what it did."""
    rehearsal = g.get("rehearsal")
    if rehearsal is None:
        return response
    try:
        if response.status_code < 400:
            response = _verdict(rehearsal, response)
    except Exception as error:
        response = current_app.make_response(current_app.handle_user_exception(error))
    finally:
        rehearsal.close()
    response.headers[HEADER] = "true"
    return response


def _verdict(rehearsal: Rehearsal, response: Response) -> Response:
    operations = rehearsal.operations()
    items = [_item(rehearsal, operation) for operation in operations]
    # No lock is held while the nodes think.
    rehearsal.close()
    nodes, opinions = _ask(operations, items)
    verdict = {
        "verdict": "would_fail" if any(each["fault"] for each in opinions) else "accepted",
        "status": response.status_code,
        "answer": response.get_json(silent=True),
        "outstanding": rehearsal.outstanding,
        "nodes": nodes,
        "operations": [_shown(*each) for each in zip(operations, opinions, strict=True)],
    }
    return jsonify({"dry_run": verdict})


def _item(rehearsal: Rehearsal, operation: Operation) -> Mapping[str, Any] | Unpreparable | None:
    try:
        return current_app.extensions["tenrec"].stage.item(rehearsal.session, operation)
    except DBAPIError:
        raise
    except Exception:
        # The real one would be accepted and then fail so, in the worker.
        log.exception("request %s: the item of a rehearsed %s cannot be made", g.request_id, operation.kind)
        return Unpreparable()


def _ask(operations: Sequence[Operation], items: Sequence[Any]) -> tuple[str, list[dict[str, Any]]]:
    """Whether the nodes were asked, and their opinion of each operation."""
    checks = [
        {"kind": operation.kind, "item": item, "nodes": operation.nodes}
        for operation, item in zip(operations, items, strict=True)
        if isinstance(item, Mapping)
    ]
    if not checks:
        nodes, answers = "nothing to ask", []
    else:
        try:
            nodes, answers = "asked", current_app.extensions["tenrec"].stage.ask(checks)
        except WorkerAway as error:
            nodes, answers = f"not asked: {error}", [_opinion(None, None, None)] * len(checks)
    said = iter(answers)
    return nodes, [next(said) if isinstance(item, Mapping) else _without_asking(item) for item in items]


def _without_asking(item: Unpreparable | None) -> dict[str, Any]:
    if item is None:
        return _opinion(False, [], [])
    message = "An unexpected error; the API's log has more."
    fault = {"task": "Collect what the playbook needs", "host": "", "message": message, "transient": False}
    return _opinion(None, None, None, fault)


def _opinion(
    changed: bool | None, tasks: list | None, diffs: list | None, fault: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {"changed": changed, "tasks": tasks, "diffs": diffs, "fault": fault}


def _shown(operation: Operation, opinion: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "kind": operation.kind,
        "resource_type": operation.resource_type,
        "resource_id": operation.resource_id,
        **opinion,
    }
    if g.context.is_admin:
        return {**shown, "nodes": operation.nodes}
    fault = opinion["fault"]
    if fault and fault["transient"]:
        # What SSH or an engine says of an address concerns the operator alone.
        shown["fault"] = {**fault, "message": AWAY}
    hosts = {each["host"] for each in (*(opinion["tasks"] or ()), *(opinion["diffs"] or ())) if each["host"]}
    hosts.update(operation.nodes.values())
    names = "|".join(re.escape(host) for host in sorted(hosts, key=len, reverse=True))
    return _without_hosts(shown, re.compile(rf"(?<![\w.-])(?:{names})(?![\w-])") if names else NOTHING)


def _without_hosts(value: Any, names: re.Pattern[str]) -> Any:
    """A copy of a JSON-able value that neither names hosts nor says what is where on them."""
    if isinstance(value, Mapping):
        return {
            names.sub("the host", key): _without_hosts(each, names)
            for key, each in value.items()
            if key not in HOST_KEYS and not key.startswith(HOST_LABEL)
        }
    if isinstance(value, list):
        return [_without_hosts(each, names) for each in value]
    return names.sub("the host", value) if isinstance(value, str) else value


class HeaderInDocument(BasePlugin):
    """Describes the header in the OpenAPI document, at every route that takes it."""

    PARAMETER = {
        "name": HEADER,
        "in": "header",
        "description": "`true`: rehearse the request. The answer is the verdict and what the nodes would change; "
        "nothing is changed anywhere. A request that would be refused is answered as the real one.",
        "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
    }

    def operation_helper(self, path=None, operations=None, **_options: Any) -> None:
        """Add the header to the methods of `operations` that change something."""
        for method, description in (operations or {}).items():
            if method.upper() not in SAFE_METHODS:
                description.setdefault("parameters", []).append(self.PARAMETER)
