"""What a verdict says, to whom, and what a rehearsal leaves alone besides the database."""

from dataclasses import replace

import pytest

from tenrec_api.orchestration.events import Fault
from tenrec_api.services.doorbell import Doorbell
from tests.unit.dry_run.world import COMPUTE, IDENTITY, NETWORK, VOLUME

DRY = {"X-Tenrec-Dry-Run": "true"}


@pytest.fixture
def server(ids):
    """The body of a request for a server."""
    return {
        "server": {
            "name": "new",
            "imageRef": ids["image"],
            "flavorRef": ids["flavor"],
            "networks": [{"uuid": ids["private"]}],
            "user_data": "dG9wIHNlY3JldA==",
        }
    }


def verdict(answer) -> dict:
    """The verdict of an answer that is one."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json["dry_run"]


@pytest.mark.parametrize("value", ["", "yes", "1", "true, true"])
def test_a_header_that_is_neither_true_nor_false_is_refused(client, value):
    answer = client.post(f"{NETWORK}/networks", json={"network": {}}, headers={"X-Tenrec-Dry-Run": value})
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["message"].endswith("valid: true, false.")
    assert client.get(f"{NETWORK}/networks").json["networks"] == []


def test_false_means_a_real_request_and_reading_is_never_rehearsed(client):
    answer = client.post(f"{NETWORK}/networks", json={"network": {}}, headers={"X-Tenrec-Dry-Run": "False"})
    assert answer.status_code == 201
    shown = client.get(f"{NETWORK}/networks", headers={"X-Tenrec-Dry-Run": "perhaps"})
    assert [each["id"] for each in shown.json["networks"]] == [answer.json["network"]["id"]]
    assert "X-Tenrec-Dry-Run" not in shown.headers


def test_what_is_not_there_not_allowed_or_beyond_the_quota_is_refused_as_ever(client, other, admin, ids, server):
    missing = client.delete(f"{COMPUTE}/servers/none", headers=DRY)
    forbidden = client.post(f"{COMPUTE}/flavors", json={}, headers=DRY)
    anothers = other.delete(f"{COMPUTE}/servers/{ids['server']}", headers=DRY)
    stranger = client.http.delete(f"{COMPUTE}/servers/{ids['server']}", headers=DRY)
    admin.put(f"{COMPUTE}/os-quota-sets/{ids['project']}", json={"quota_set": {"instances": 2}})
    quota = client.post(f"{COMPUTE}/servers", json=server, headers=DRY)
    answers = (missing, forbidden, anothers, stranger, quota)
    assert [answer.status_code for answer in answers] == [404, 403, 404, 401, 403]
    assert all(answer.headers["X-Tenrec-Dry-Run"] == "true" for answer in answers)
    assert "Quota exceeded" in quota.json["forbidden"]["message"]


def test_an_administrator_sees_the_chosen_host_and_what_it_would_do(admin, nodes):
    said = verdict(admin.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}}, headers=DRY))
    (operation,) = said["operations"]
    assert operation["nodes"] == {"storage": "node1"}
    assert (operation["kind"], operation["changed"], operation["fault"]) == ("volume_create", True, None)
    assert operation["tasks"][0]["host"] == operation["diffs"][0]["host"] == "node1"
    assert operation["diffs"][0]["after"]["live"] == {"path": "/var/lib/x"}
    assert [(kind, check, keep) for kind, _, _, check, keep in nodes.runs] == [("volume_create", True, False)]


def test_a_member_sees_no_hosts_and_nobody_sees_secrets(client, server, nodes):
    answer = client.post(f"{COMPUTE}/servers", json=server, headers=DRY)
    operation = verdict(answer)["operations"][-1]
    assert operation["kind"] == "server_create"
    assert operation["diffs"] == [{"task": "Do it", "before": {}, "after": {"live": {}, "on": "at the host."}}]
    assert "node1" not in answer.get_data(as_text=True)
    assert "/var/lib" not in answer.get_data(as_text=True)
    assert "dG9wIHNlY3JldA==" not in answer.get_data(as_text=True)
    # The node was told, for it has to judge the whole.
    assert nodes.runs[-1][1][0]["config_drive"]["user_data"] == "dG9wIHNlY3JldA=="


def test_several_operations_are_asked_in_their_order(other, nodes):
    network = other.post(f"{NETWORK}/networks", json={"network": {}}).json["network"]["id"]
    said = verdict(other.post(f"{NETWORK}/ports", json={"port": {"network_id": network}}, headers=DRY))
    kinds = ["security_group_apply", "port_apply"]
    assert [each["kind"] for each in said["operations"]] == [kind for kind, *_ in nodes.runs] == kinds


def test_a_node_that_objects_makes_the_verdict(client, ids, nodes):
    nodes.fault = Fault("Create the volume", "node1", "no room in the pool of node1", own=True)
    said = verdict(client.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}}, headers=DRY))
    assert said["verdict"] == "would_fail"
    assert said["status"] == 202
    fault = {"task": "Create the volume", "message": "no room in the pool of the host", "transient": False}
    assert said["operations"][0]["fault"] == fault


def test_a_node_that_is_away_is_no_concern_of_the_member(client, admin, nodes):
    nodes.fault = Fault("Create the volume", "node1", "ssh: connect to host 192.0.2.1", transient=True)
    shown = [
        verdict(caller.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}}, headers=DRY))["operations"][0]["fault"]
        for caller in (client, admin)
    ]
    assert [fault["message"] for fault in shown] == [
        "The host, or a service on it, could not be reached.",
        "ssh: connect to host 192.0.2.1",
    ]


def test_without_a_worker_there_is_a_verdict_all_the_same(app, client, monkeypatch, tmp_path):
    runtime = app.extensions["tenrec"]
    stage = replace(runtime.stage, socket_path=tmp_path / "none")
    monkeypatch.setitem(app.extensions, "tenrec", replace(runtime, stage=stage))
    said = verdict(client.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}}, headers=DRY))
    assert (said["verdict"], said["nodes"]) == ("accepted", "not asked: the worker does not answer")
    assert said["operations"][0]["changed"] is said["operations"][0]["diffs"] is None


def test_an_item_that_cannot_be_made_is_a_fault_and_no_error(app, client, monkeypatch, nodes):
    def broken(session, operation):
        raise RuntimeError("a secret detail")

    runtime = app.extensions["tenrec"]
    monkeypatch.setitem(app.extensions, "tenrec", replace(runtime, stage=replace(runtime.stage, item=broken)))
    answer = client.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}}, headers=DRY)
    assert verdict(answer)["verdict"] == "would_fail"
    assert "secret detail" not in answer.get_data(as_text=True)
    assert nodes.runs == []


def test_nobody_is_rung_for_a_rehearsal(client, nodes, monkeypatch):
    rings = []
    monkeypatch.setattr(Doorbell, "ring", lambda _doorbell: rings.append(True))
    client.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}}, headers=DRY)
    assert rings == []
    client.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}})
    assert rings


def test_no_token_is_given_out_ended_or_forgotten(app, client, admin, ids, monkeypatch):
    forgotten = []
    cache = app.extensions["tenrec"].token_store.cache
    monkeypatch.setattr(cache, "forget_all", lambda: forgotten.append(True))
    client.delete(f"{IDENTITY}/auth/tokens", headers={**DRY, "X-Subject-Token": client.token})
    body = {"user": {"enabled": False}}
    verdict(admin.patch(f"{IDENTITY}/users/{client.user_id}", json=body, headers=DRY))
    assert forgotten == []
    assert client.get(f"{NETWORK}/networks").status_code == 200
    auth = {"identity": {"methods": ["token"], "token": {"id": client.token}}}
    answer = client.post(f"{IDENTITY}/auth/tokens", json={"auth": auth}, headers=DRY)
    assert verdict(answer)["status"] == 201
    assert "X-Subject-Token" not in answer.headers
    admin.patch(f"{IDENTITY}/users/{client.user_id}", json=body)
    assert forgotten


def test_nonsense_is_refused_as_ever(app, admin, dump, ids):
    before = dump()
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            path = "".join("nothing" if part.startswith("<") else part for part in _parts(rule.rule))
            answer = admin.send(method, path, data=b'{"a": [', headers={**DRY, "Content-Type": "application/json"})
            assert answer.status_code < 500, f"{method} {rule}: {answer.get_data(as_text=True)}"
            assert answer.headers["X-Tenrec-Dry-Run"] == "true"
    assert dump() == before


def _parts(rule: str) -> list[str]:
    return rule.replace("<", "\0<").replace(">", ">\0").split("\0")


def test_the_document_describes_the_header_where_it_counts(anonymous):
    paths = anonymous.get("/tenrec/openapi.json").json["paths"]
    for path, item in paths.items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            described = any(each.get("name") == "X-Tenrec-Dry-Run" for each in item[method].get("parameters", []))
            assert described is (method != "get"), f"{method} {path}"
