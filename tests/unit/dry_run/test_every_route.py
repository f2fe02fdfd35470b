"""Whatever changes something can be rehearsed: the same verdict as the real request's, and not one row is touched."""

from collections import defaultdict
from pathlib import Path

import pytest

from tests.unit.dry_run.world import Request, requests

DRY = {"X-Tenrec-Dry-Run": "true"}
NAMES = defaultdict(str)
EVERY = [str(request) for request in requests(NAMES)]


@pytest.fixture
def send(client, admin):
    """Call it with a request of the world."""

    def sent(request: Request, **headers):
        caller = {"client": client, "admin": admin}[request.caller]
        options = {"data": request.data} if request.data is not None else {}
        if request.body is not None:
            options["json"] = request.body
        return caller.send(request.method, request.path, headers={**request.headers, **headers}, **options)

    return sent


def test_every_route_that_changes_something_is_here(app):
    served = {
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
    }
    assert {(request.method, request.rule) for request in requests(NAMES)} == served
    assert len(set(EVERY)) == len(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_rehearsal_says_what_the_real_one_does_and_changes_nothing(name, ids, dump, send, nodes, settings):
    (request,) = (each for each in requests(ids) if str(each) == name)
    before = dump()
    answer = send(request, **DRY)
    assert dump() == before
    assert answer.headers["X-Tenrec-Dry-Run"] == "true"
    assert "X-Subject-Token" not in answer.headers
    assert not any(Path(settings.images.directory).iterdir())
    if request.refused:
        real = send(request)
        assert answer.status_code == real.status_code == request.refused
        assert answer.json == real.json
        return
    assert answer.status_code == 200, answer.get_data(as_text=True)
    verdict = answer.json["dry_run"]
    assert verdict["verdict"] == "accepted"
    assert verdict["nodes"] == ("asked" if verdict["operations"] else "nothing to ask")
    if request.waits:
        assert verdict["outstanding"]
        return
    real = send(request)
    assert verdict["status"] == real.status_code < 300
    assert verdict["outstanding"] == []
    assert shape(verdict["answer"]) == shape(real.get_json(silent=True))
    assert "X-Tenrec-Dry-Run" not in real.headers
    # A token is the one thing that the cloud makes without keeping anything.
    assert (dump() != before) is (name != "POST /identity/v3/auth/tokens")


def shape(value):
    """The keys of a body, at every depth."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)
