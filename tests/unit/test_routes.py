"""What holds for every route of every API: it is guarded, described, and answers nonsense with a reason."""

import re

import pytest
from flask import Flask
from openapi_spec_validator import validate

VERBS = ("get", "post", "put", "patch", "delete")
PREFIXES = ("/identity", "/image", "/compute", "/network", "/volume", "/placement", "/tenrec")
DISCOVERY = re.compile(r"/(identity|image|compute|network|volume|placement)(/v[0-9.]+)?/?")


def views(app: Flask) -> list[tuple[str, str, object]]:
    """Every (method, rule, view) of the application."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            found.append((method, rule.rule, getattr(getattr(view, "view_class", None), method.lower(), view)))
    return found


def filled(rule: str, value: str = "nothing") -> str:
    """The rule with `value` in all its places."""
    return re.sub(r"<[^>]+>", value, rule)


def test_every_route_has_a_policy(built):
    app, _ = built
    unguarded = [f"{method} {rule}" for method, rule, view in views(app) if not hasattr(view, "policy")]
    assert unguarded == []
    public = {rule for _, rule, view in views(app) if view.policy == "public"}
    others = {rule for rule in public if not DISCOVERY.fullmatch(rule)}
    assert others == {"/identity/v3/auth/tokens", "/tenrec/openapi.json"}


def test_nothing_but_discovery_and_login_is_open_to_strangers(app, anonymous):
    for method, rule, view in views(app):
        if view.policy != "public":
            answer = anonymous.open(filled(rule), method=method)
            assert answer.status_code == 401, f"{method} {rule}"


def test_the_document_is_valid_and_describes_every_route(app, anonymous):
    document = anonymous.get("/tenrec/openapi.json").json
    validate(document)
    described = {(verb, path) for path, item in document["paths"].items() for verb in VERBS if verb in item}
    served = {
        (method.lower(), re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule))
        for method, rule, view in views(app)
        if rule != "/tenrec/openapi.json" and not DISCOVERY.fullmatch(rule)
    }
    assert described == served


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"1e999",
    b"NaN",
    b'{"\\u0000": 1}',
    b'{"server": "\\ud800"}',
    b"[" * 100_000,
    b'{"a": ' * 50 + b"1" + b"}" * 50,
    b"\xff\xfe",
    b'{"x": 123456789012345678901234567890}',
    b'{"server": {"metadata": {"__ansible_unsafe": "x"}}}',
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_malformed_bodies_never_break_a_route(app, admin, body):
    for method, rule, _ in views(app):
        if method == "GET":
            continue
        octets = {"Content-Type": "application/octet-stream" if rule.endswith("/file") else "application/json"}
        answer = admin.send(method, filled(rule), data=body, headers=octets)
        assert answer.status_code < 500, f"{method} {rule}: {answer.get_data(as_text=True)}"


@pytest.mark.parametrize("value", ["nothing", "..%2f..%2fetc", "%7B%7B%201%20%7D%7D", "%00", "é" * 300, "%ff", "'; --"])
def test_strange_ids_never_break_a_route(app, admin, value):
    for method, rule, _ in views(app):
        if "<" in rule:
            answer = admin.send(method, filled(rule, value), json={})
            assert answer.status_code < 500, f"{method} {rule}: {answer.get_data(as_text=True)}"


@pytest.mark.parametrize("value", ["", "-1", "x", "\0", "9" * 40, "{{ 1 }}", "' OR 1=1 --", "é" * 300, "in:", ":"])
def test_strange_queries_never_break_a_list(app, admin, value):
    names = (
        "limit",
        "marker",
        "sort_key",
        "sort_dir",
        "sort",
        "name",
        "status",
        "id",
        "fields",
        "created_at",
        "offset",
    )
    for method, rule, _ in views(app):
        if method == "GET" and "<" not in rule:
            for name in names:
                answer = admin.get(rule, query_string={name: value})
                assert answer.status_code < 500, f"{rule}?{name}={value}: {answer.get_data(as_text=True)}"
