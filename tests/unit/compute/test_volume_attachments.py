"""Volumes of servers: given at boot, put in, taken out, given back."""

import pytest

from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.volume import Volume
from tenrec_api.orchestration.workflows.base import Fault
from tenrec_api.services.compute.attachments import DEVICES, next_device

SERVERS = "/compute/v2.1/servers"


@pytest.fixture
def make_volume(session, client):
    """Call it for the id of a volume of 1 GiB that is available."""

    def make(**attributes) -> str:
        values = {"project_id": client.project_id, "user_id": client.user_id, "size_gib": 1, "status": "available"}
        volume = Volume(**values | {"node": "node1", "chap_username": "user", "chap_password": "secret"} | attributes)
        session.add(volume)
        session.commit()
        return volume.id

    return make


@pytest.fixture
def volume_status(session):
    """Call it for a volume's status, None when there is no such volume."""

    def look(volume_id: str) -> str | None:
        session.expire_all()
        volume = session.get(Volume, volume_id)
        return volume and volume.status

    return look


def test_devices():
    assert next_device([]) == "vdb"
    assert next_device(["vdb"]) == "vdc"
    assert next_device([], "/dev/vdd") == "vdd"
    assert next_device([], "/dev/sdb") == "vdb"
    for taken in ("/dev/vda", "vdb"):
        with pytest.raises(InvalidInput):
            next_device(["vdb"], taken)
    with pytest.raises(Conflict):
        next_device(DEVICES)


def test_in_and_out(client, make, worker, make_volume, volume_status):
    server_id, volume_id = make(), make_volume()
    path = f"{SERVERS}/{server_id}/os-volume_attachments"
    too_early = client.post(path, json={"volumeAttachment": {"volumeId": volume_id}})
    assert too_early.status_code == 409
    worker.run()
    made = client.post(path, json={"volumeAttachment": {"volumeId": volume_id}}).json["volumeAttachment"]
    assert made == {"id": volume_id, "volumeId": volume_id, "serverId": server_id, "device": "/dev/vdb"}
    assert client.post(path, json={"volumeAttachment": {"volumeId": volume_id}}).status_code == 400
    assert worker.run() == ["volume_attach"]
    assert (worker.items[-1]["device"], worker.items[-1]["chap_password"]) == ("vdb", "secret")
    assert volume_status(volume_id) == "in-use"
    shown = client.get(f"{SERVERS}/{server_id}").json["server"]
    assert shown["os-extended-volumes:volumes_attached"] == [{"id": volume_id}]
    assert client.get(path).json == {"volumeAttachments": [made]}
    assert client.get(f"{path}/{volume_id}").json == {"volumeAttachment": made}
    assert client.delete(f"{path}/{volume_id}").status_code == 202
    assert worker.run() == ["volume_detach"]
    assert volume_status(volume_id) == "available"
    assert client.get(f"{path}/{volume_id}").status_code == 404
    assert client.delete(f"{path}/{volume_id}").status_code == 404


def test_a_server_gives_back_its_volumes(client, make, worker, make_volume, volume_status, image):
    kept, doomed = make_volume(), make_volume()
    mapping = [
        {"uuid": image.id, "source_type": "image", "destination_type": "local", "boot_index": 0},
        {"uuid": kept, "source_type": "volume", "destination_type": "volume", "boot_index": -1},
        {"uuid": doomed, "source_type": "volume", "boot_index": None, "delete_on_termination": True},
    ]
    server_id = make(block_device_mapping_v2=mapping)
    assert (volume_status(kept), volume_status(doomed)) == ("attaching", "attaching")
    worker.run()
    item = worker.items[-1]
    assert [(volume["id"], volume["device"]) for volume in item["volumes"]] == [(kept, "vdb"), (doomed, "vdc")]
    assert (volume_status(kept), volume_status(doomed)) == ("in-use", "in-use")
    client.delete(f"{SERVERS}/{server_id}")
    assert worker.run() == ["server_delete", "volume_delete"]
    assert (volume_status(kept), volume_status(doomed)) == ("available", None)


def test_boot_from_a_volume(client, make, wanted, worker, make_volume, volume_status, operations):
    volume_id = make_volume(bootable=True)
    mapping = [{"uuid": volume_id, "source_type": "volume", "destination_type": "volume", "boot_index": "0"}]
    assert client.post(SERVERS, json=wanted(block_device_mapping_v2=mapping)).status_code == 400
    server_id = make(imageRef="", block_device_mapping_v2=mapping)
    assert operations()[-1].nodes == {"compute": "node1", "storage": "node1"}
    assert client.get(f"{SERVERS}/{server_id}").json["server"]["image"] == ""
    worker.run()
    item = worker.items[-1]
    assert (item["image"], item["root_gib"]) == (None, 0)
    assert [(volume["device"], volume["boot_index"]) for volume in item["volumes"]] == [("vda", 0)]
    path = f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}"
    assert client.delete(path).status_code == 400


def test_a_failed_creation_gives_the_volumes_back(make, worker, make_volume, volume_status):
    volume_id = make_volume()
    make(block_device_mapping_v2=[{"uuid": volume_id, "source_type": "volume", "destination_type": "volume"}])
    worker.run(fault=Fault("Start the domains", "node1", "no"))
    assert volume_status(volume_id) == "available"


@pytest.mark.parametrize("bad", [{}, {"volumeId": 5}, {"volumeId": "x"}, {"volumeId": None}, {"device": "vdb"}])
def test_what_is_wrong_is_refused(client, make, bad):
    server_id = make()
    answer = client.post(f"{SERVERS}/{server_id}/os-volume_attachments", json={"volumeAttachment": bad})
    assert answer.status_code == 400


def test_volumes_of_others(client, make, worker, make_volume, other):
    server_id = make()
    worker.run()
    foreign = make_volume(project_id=other.project_id)
    path = f"{SERVERS}/{server_id}/os-volume_attachments"
    assert client.post(path, json={"volumeAttachment": {"volumeId": foreign}}).status_code == 404
    assert other.get(path).status_code == 404
