"""Volumes through the API, up to the work that waits for the storage node, and what becomes of them after it."""

import pytest

from tenrec_api.models.volume import Volume
from tenrec_api.services.volume import volumes

VOLUMES = "/volume/v3/volumes"


def make(caller, **attributes) -> dict:
    """A new volume."""
    answer = caller.post(VOLUMES, json={"volume": {"size": 1, **attributes}})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return answer.json["volume"]


def test_a_volume_is_creating_until_the_node_has_made_it(client, session, operations):
    volume = make(client, name="data", metadata={"k": "{{ v }}"}, imageRef=None, consistencygroup_id=None)
    assert (volume["status"], volume["size"], volume["metadata"]) == ("creating", 1, {"k": "{{ v }}"})
    (operation,) = operations()
    assert (operation.kind, operation.resource_id, operation.nodes) == (
        "volume_create",
        volume["id"],
        {"storage": "node1"},
    )
    assert volumes.create_item(session, volume["id"]) == {"id": volume["id"], "size_gib": 1, "image": None}
    volumes.created(session, volume["id"])
    session.commit()
    shown = client.get(f"{VOLUMES}/{volume['id']}").json["volume"]
    assert shown["status"] == "available"
    assert not shown["created_at"].endswith("Z")
    assert shown["bootable"] == "false"


def test_the_project_may_stand_in_the_path(client, other):
    volume = make(client)
    path = f"/volume/v3/{client.project_id}/volumes/detail"
    assert [each["id"] for each in client.get(path).json["volumes"]] == [volume["id"]]
    assert other.get(path).status_code == 400
    assert client.get(f"/volume/v3/{client.project_id}/").status_code == 200


def test_anothers_volume_does_not_exist(client, other, admin):
    volume = make(client)
    path = f"{VOLUMES}/{volume['id']}"
    assert other.get(path).status_code == other.delete(path).status_code == 404
    assert other.put(path, json={"volume": {"name": "mine"}}).status_code == 404
    assert other.get(VOLUMES).json["volumes"] == []
    assert other.get(f"{VOLUMES}?all_tenants=1").json["volumes"] == []
    assert len(admin.get(f"{VOLUMES}?all_tenants=1").json["volumes"]) == 1


def test_a_volume_goes_when_the_node_has_removed_it(client, session):
    volume = make(client)
    path = f"{VOLUMES}/{volume['id']}"
    assert client.delete(path).status_code == 400
    volumes.created(session, volume["id"])
    session.commit()
    assert client.delete(path).status_code == 202
    assert client.get(path).json["volume"]["status"] == "deleting"
    volumes.deleted(session, volume["id"])
    session.commit()
    assert client.get(path).status_code == 404


def test_a_failure_is_an_error_with_a_reason(client, session):
    volume = make(client)
    volumes.not_created(session, volume["id"], "Make the volumes: no space left")
    session.commit()
    assert client.get(f"{VOLUMES}/{volume['id']}").json["volume"]["status"] == "error"
    assert session.get(Volume, volume["id"]).fault == "Make the volumes: no space left"
    assert client.delete(f"{VOLUMES}/{volume['id']}").status_code == 202


def test_quotas_hold(client, admin):
    sets = f"/volume/v3/os-quota-sets/{client.project_id}"
    assert client.put(sets, json={"quota_set": {"volumes": 1}}).status_code == 403
    assert admin.put(sets, json={"quota_set": {"volumes": 1, "gigabytes": 5}}).json["quota_set"]["volumes"] == 1
    assert client.post(VOLUMES, json={"volume": {"size": 6}}).status_code == 413
    make(client)
    answer = client.post(VOLUMES, json={"volume": {"size": 1}})
    assert answer.status_code == 413
    assert "volumes" in answer.json["overLimit"]["message"]
    assert client.get(f"{sets}?usage=true").json["quota_set"]["volumes"] == {"limit": 1, "in_use": 1, "reserved": 0}
    assert client.get("/volume/v3/limits").json["limits"]["absolute"]["totalVolumesUsed"] == 1


@pytest.mark.parametrize(
    "volume",
    [
        None,
        [],
        {},
        {"size": 0},
        {"size": -1},
        {"size": "x"},
        {"size": 2**70},
        {"size": 1, "name": "n" * 1_000_000},
        {"size": 1, "name": "nul\0"},
        {"size": 1, "unknown": 1},
        {"size": 1, "snapshot_id": "x"},
        {"size": 1, "metadata": []},
        {"size": 1, "metadata": {"k": 1}},
        {"size": 1, "volume_type": "gold"},
        {"size": 1, "multiattach": True},
    ],
)
def test_wrong_volumes_are_refused_with_a_reason(client, volume):
    answer = client.post(VOLUMES, json={"volume": volume})
    assert answer.status_code == 400
    assert answer.json["badRequest"]["message"]


def test_unknown_ids_are_not_found(client):
    assert client.post(VOLUMES, json={"volume": {"size": 1, "imageRef": "nothing"}}).status_code == 404
    assert client.get(f"{VOLUMES}/nothing").status_code == 404
    assert client.post(f"{VOLUMES}/nothing/action", json={"os-extend": {}}).status_code == 404
