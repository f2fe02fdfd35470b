"""Flavors: public ones, and those of some projects."""

import pytest

FLAVORS = "/compute/v2.1/flavors"


def body(**attributes) -> dict:
    return {"flavor": {"name": "small", "ram": 512, "vcpus": 1, "disk": 2} | attributes}


def test_an_administrator_makes_one_and_all_see_it(admin, client):
    assert client.post(FLAVORS, json=body()).status_code == 403
    made = admin.post(FLAVORS, json=body(id="auto", swap="")).json["flavor"]
    assert (made["swap"], made["rxtx_factor"], made["OS-FLV-EXT-DATA:ephemeral"]) == ("", 1.0, 0)
    assert client.get(f"{FLAVORS}/{made['id']}").json["flavor"] == made
    assert client.get(f"{FLAVORS}/detail", query_string={"is_public": "None"}).json["flavors"] == [made]
    assert admin.post(FLAVORS, json=body()).status_code == 409
    assert admin.post(FLAVORS, json=body(name="other", id=made["id"])).status_code == 409
    assert admin.delete(f"{FLAVORS}/{made['id']}").status_code == 202
    assert client.get(f"{FLAVORS}/{made['id']}").status_code == 404


def test_a_private_one(admin, client, other):
    path = FLAVORS + "/" + admin.post(FLAVORS, json=body(**{"os-flavor-access:is_public": False})).json["flavor"]["id"]
    assert client.get(path).status_code == 404
    granted = admin.post(f"{path}/action", json={"addTenantAccess": {"tenant": client.project_id}})
    assert granted.json["flavor_access"][0]["tenant_id"] == client.project_id
    assert client.get(path).status_code == 200
    assert [flavor["name"] for flavor in client.get(FLAVORS).json["flavors"]] == ["small"]
    assert other.get(path).status_code == 404
    assert admin.post(f"{path}/action", json={"addTenantAccess": {"tenant": client.project_id}}).status_code == 409
    assert admin.post(f"{path}/action", json={"removeTenantAccess": {"tenant": client.project_id}}).status_code == 200
    assert admin.post(f"{path}/action", json={"removeTenantAccess": {"tenant": client.project_id}}).status_code == 404
    assert admin.post(f"{path}/action", json={"addTenantAccess": {"tenant": "none"}}).status_code == 400
    assert client.get(path).status_code == 404
    assert admin.get(FLAVORS).json["flavors"] == []
    assert len(admin.get(FLAVORS, query_string={"is_public": "None"}).json["flavors"]) == 1


def test_extra_specs(admin, client):
    path = FLAVORS + "/" + admin.post(FLAVORS, json=body()).json["flavor"]["id"] + "/os-extra_specs"
    assert admin.post(path, json={"extra_specs": {"hw:a": "1"}}).json == {"extra_specs": {"hw:a": "1"}}
    assert admin.put(f"{path}/hw:b", json={"hw:b": "2"}).json == {"hw:b": "2"}
    assert admin.put(f"{path}/hw:b", json={"hw:c": "2"}).status_code == 400
    assert client.get(path).json == {"extra_specs": {"hw:a": "1", "hw:b": "2"}}
    assert client.get(f"{path}/hw:a").json == {"hw:a": "1"}
    assert admin.delete(f"{path}/hw:a").status_code == 200
    assert client.get(f"{path}/hw:a").status_code == 404
    assert client.post(path, json={"extra_specs": {"hw:a": "1"}}).status_code == 403
    for bad in ({"a/b": "1"}, {"a": 1}, {"": "1"}, []):
        assert admin.post(path, json={"extra_specs": bad}).status_code == 400


def test_pages_and_filters(admin, client):
    for index in range(3):
        admin.post(FLAVORS, json=body(id=str(index), name=f"f{index}", ram=256 * (index + 1), disk=index))
    page = client.get(FLAVORS, query_string={"limit": 2}).json
    assert [flavor["id"] for flavor in page["flavors"]] == ["0", "1"]
    following = page["flavors_links"][0]["href"].removeprefix("https://cloud.test")
    assert [flavor["id"] for flavor in client.get(following).json["flavors"]] == ["2"]
    assert [flavor["id"] for flavor in client.get(FLAVORS, query_string={"minRam": 512}).json["flavors"]] == ["1", "2"]
    assert [flavor["id"] for flavor in client.get(FLAVORS, query_string={"minDisk": 2}).json["flavors"]] == ["2"]
    assert client.get(FLAVORS, query_string={"minRam": "much"}).status_code == 400
    assert client.get(FLAVORS, query_string={"marker": "none"}).status_code == 400


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"name": "x" * 256},
        {"ram": 0},
        {"ram": "much"},
        {"ram": None},
        {"vcpus": -1},
        {"vcpus": 2**40},
        {"disk": -1},
        {"swap": 512},
        {"OS-FLV-EXT-DATA:ephemeral": 1},
        {"id": "a/b"},
        {"id": " a"},
        {"id": []},
        {"rxtx_factor": 0},
        {"os-flavor-access:is_public": "perhaps"},
        {"description": "not in 2.1"},
    ],
)
def test_what_is_wrong_is_refused(admin, bad):
    answer = admin.post(FLAVORS, json=body(**bad))
    assert answer.status_code == 400, answer.json
