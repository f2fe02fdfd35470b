"""Images: records, JSON patches, visibility. Data that is uploaded is inspected by a run, which unit tests have not."""

import io
from pathlib import Path

import pytest

from tenrec_api.models.image import Image
from tenrec_api.services.image import inspection

IMAGES = "/image/v2/images"
PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}


def make(caller, **attributes) -> dict:
    """A new image's record."""
    answer = caller.post(
        IMAGES, json={"name": "cirros", "disk_format": "qcow2", "container_format": "bare", **attributes}
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.json


def test_a_record_comes_back_with_its_properties(client):
    image = make(client, hw_disk_bus="virtio", tags=["a", "a"], min_disk=1)
    assert image["status"] == "queued"
    assert image["hw_disk_bus"] == "virtio"
    assert image["tags"] == ["a"]
    assert client.get(f"{IMAGES}/{image['id']}").json == image
    assert [each["id"] for each in client.get(IMAGES, query_string={"name": "cirros"}).json["images"]] == [image["id"]]
    assert client.get(IMAGES, query_string={"name": "else"}).json["images"] == []


def test_anothers_image_does_not_exist(client, other, admin):
    image = make(client)
    for answer in (
        other.get(f"{IMAGES}/{image['id']}"),
        other.delete(f"{IMAGES}/{image['id']}"),
        other.patch(f"{IMAGES}/{image['id']}", headers=PATCH, data="[]"),
        other.put(f"{IMAGES}/{image['id']}/file", data=b"", headers={"Content-Type": "application/octet-stream"}),
    ):
        assert answer.status_code == 404
    assert other.get(IMAGES).json["images"] == []
    assert admin.get(f"{IMAGES}/{image['id']}").status_code == 200


def test_a_public_image_is_seen_by_all_and_changed_by_its_owner(client, other, admin):
    assert client.post(IMAGES, json={"visibility": "public"}).status_code == 403
    image = make(admin, visibility="public")
    assert other.get(f"{IMAGES}/{image['id']}").status_code == 200
    assert other.delete(f"{IMAGES}/{image['id']}").status_code == 403


def test_a_patch_adds_replaces_and_removes(client):
    image = make(client, os_distro="debian", old="x")
    patch = [
        {"op": "replace", "path": "/name", "value": "bookworm"},
        {"op": "add", "path": "/os_version", "value": "12"},
        {"op": "remove", "path": "/old"},
    ]
    changed = client.patch(f"{IMAGES}/{image['id']}", headers=PATCH, json=patch)
    assert changed.status_code == 200, changed.json
    assert (changed.json["name"], changed.json["os_version"], changed.json["os_distro"]) == ("bookworm", "12", "debian")
    assert "old" not in changed.json


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ({"op": "add"}, 400),
        ([{"op": "move", "path": "/name", "from": "/x"}], 400),
        ([{"op": "replace", "path": "/status", "value": "active"}], 403),
        ([{"op": "replace", "path": "/absent", "value": "x"}], 409),
        ([{"op": "remove", "path": "/name"}], 403),
        ([{"op": "replace", "path": "/name", "value": {"a": 1}}], 400),
        ([{"op": "add", "path": "/number", "value": 3}], 400),
    ],
)
def test_a_wrong_patch_says_why(client, patch, status):
    image = make(client)
    answer = client.patch(f"{IMAGES}/{image['id']}", headers=PATCH, json=patch)
    assert answer.status_code == status
    assert answer.json["error"]["message"]


def test_pages_follow_one_another(client):
    ids = {make(client, name=f"image {number}")["id"] for number in range(5)}
    seen, path = [], f"{IMAGES}?limit=2"
    while path:
        page = client.get(path).json
        seen += [image["id"] for image in page["images"]]
        path = page.get("next") and f"/image{page['next']}"
    assert len(seen) == 5
    assert set(seen) == ids
    assert client.get(f"{IMAGES}?marker=unknown").status_code == 400


def test_a_protected_image_stays(client, operations):
    image = make(client, protected=True)
    assert client.delete(f"{IMAGES}/{image['id']}").status_code == 403
    client.patch(
        f"{IMAGES}/{image['id']}", headers=PATCH, json=[{"op": "replace", "path": "/protected", "value": False}]
    )
    assert client.delete(f"{IMAGES}/{image['id']}").status_code == 204
    assert client.get(f"{IMAGES}/{image['id']}").status_code == 404
    assert [operation.kind for operation in operations()] == ["image_delete"]


def test_an_upload_that_breaks_off_leaves_the_image_queued(client, settings):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("the client went away")

        readinto = read

    image = make(client)
    file = f"{IMAGES}/{image['id']}/file"
    octets = {"Content-Type": "application/octet-stream"}
    assert client.put(file, data=b"x").status_code == 415
    client.put(file, input_stream=Broken(b"half"), headers=octets)
    assert client.get(f"{IMAGES}/{image['id']}").json["status"] == "queued"
    assert list(Path(settings.images.directory).iterdir()) == []


def test_hostile_properties_come_back_verbatim(client):
    hostile = {"x": "{{ lookup('pipe', 'id') }}", "y": "</name><devices/>", "z'; rm -rf /": "../../etc"}
    image = make(client, name="; rm -rf /", **hostile)
    assert {key: image[key] for key in hostile} == hostile
    assert client.post(IMAGES, json={"name": "n" * 1_000_000}).status_code == 400
    assert client.post(IMAGES, json={"name": "nul\0"}).status_code == 400


def test_a_refused_image_is_killed_and_can_be_deleted(client, session):
    image = make(client)
    row = session.get(Image, image["id"])
    row.enter("saving")
    session.commit()
    inspection.refuse(session, row.id, "Inspect the image: it has a backing file")
    session.commit()
    assert client.get(f"{IMAGES}/{image['id']}").json["status"] == "killed"
    assert client.delete(f"{IMAGES}/{image['id']}").status_code == 204
    session.expire_all()
    inspection.forget(session, row.id)
    session.commit()
    assert session.get(Image, image["id"]) is None


def test_an_image_that_is_being_inspected_can_be_deleted(client, session):
    image = make(client)
    session.get(Image, image["id"]).enter("saving")
    session.commit()
    assert client.delete(f"{IMAGES}/{image['id']}").status_code == 204
    assert inspection.item(session, image["id"]) is None


def test_an_upload_that_was_given_up_meanwhile_is_refused(client, session, settings, monkeypatch):
    """No data came for so long that the image was taken for stranded; see services.stranded."""
    image = make(client)

    def receive(stream, path, limit, alive):
        path.write_bytes(b"data")
        session.get(Image, image["id"], populate_existing=True).enter("queued")
        session.commit()

    monkeypatch.setattr("tenrec_api.services.image.images._receive", receive)
    headers = {"Content-Type": "application/octet-stream"}
    answer = client.put(f"{IMAGES}/{image['id']}/file", data=b"data", headers=headers)
    assert answer.status_code == 409 and "given up" in answer.get_data(as_text=True)
    assert client.get(f"{IMAGES}/{image['id']}").json["status"] == "queued"
    assert not (Path(settings.images.directory) / image["id"]).exists()


def test_damaged_data_is_not_handed_out(client, session, settings):
    image = make(client)
    row = session.get(Image, image["id"])
    row.status, row.size = "active", 10
    session.commit()
    path = Path(settings.images.directory) / image["id"]
    for content in (None, b"short"):
        if content is not None:
            path.write_bytes(content)
        answer = client.get(f"{IMAGES}/{image['id']}/file")
        assert answer.status_code == 404 and "damaged" in answer.get_data(as_text=True)
    path.write_bytes(b"0123456789")
    assert client.get(f"{IMAGES}/{image['id']}/file").data == b"0123456789"
