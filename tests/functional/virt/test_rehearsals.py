"""Playbooks of servers and volumes as a dry run has them, on a host that has nothing of what they build on."""

import base64
import json
import uuid

import pytest

from tests.functional.ovn.tenant import PORT, STORY
from tests.functional.virt.private_switch import PrivateSwitch

SECRETS = ("gAAAAA-a-token", "chap-of-the-volume", base64.b64encode(b"what the user typed").decode())


@pytest.fixture
def cloud(playbooks, ovn, tgt, host, tmp_path):
    """Playbooks on a host without networks, images, volumes and servers."""
    switch = PrivateSwitch(tmp_path)
    storage = {"pool": str(host.pool), "tgt": str(tgt.socket)}
    yield playbooks(
        tenrec_ovn={"northbound": ovn.northbound, "southbound": ovn.southbound, "sync": "none"},
        tenrec_domain={**host.domain, "open_vswitch": switch.connection, "wait_for_ports": True},
        tenrec_image_cache={"cache": str(host.image_cache), "servers": str(host.servers)},
        tenrec_volume={**storage, "image_cache": str(host.image_cache)},
        tenrec_volume_export={**storage, "configuration": str(host.configuration)},
    )
    switch.stop()


@pytest.fixture
def image():
    return {
        "id": str(uuid.uuid4()),
        "disk_format": "qcow2",
        "sha512": "0" * 128,
        "url": "https://localhost/none",
        "token": SECRETS[0],
    }


@pytest.fixture
def volume():
    identity = str(uuid.uuid4())
    return {
        "id": identity,
        "server_id": str(uuid.uuid4()),
        "device": "/dev/vdb",
        "iqn": f"iqn.2010-10.org.openstack:volume-{identity}",
        "portal_host": "127.0.0.1",
        "portal_port": 3260,
        "chap_username": "account",
        "chap_password": SECRETS[1],
        "boot_index": None,
    }


def faults(result):
    return {name: outcome.fault for name, outcome in result.outcomes.items() if outcome.fault is not None}


def contents(host):
    """Everything in the host's folders."""
    folders = (host.servers, host.image_cache, host.images, host.pool, host.configuration)
    return [sorted(str(path) for path in folder.rglob("*")) for folder in folders]


def test_a_server_is_shown_whole_before_anything_of_it_is_there(cloud, host, ovn, tgt, image, volume):
    (port,) = (each for each in dict(STORY)["port"] if each["id"] == PORT)
    server = {
        "id": volume["server_id"],
        "name": "web",
        "vcpus": 1,
        "memory_mib": 64,
        "root_gib": 1,
        "image": image,
        "ports": [port | {"mtu": 1442}],
        "volumes": [volume],
        "config_drive": {"meta_data": {}, "network_data": {}, "user_data": SECRETS[2], "vendor_data": {}},
    }
    before = contents(host)
    result = cloud.rehearse("server_create", [server])
    assert (result.status, faults(result)) == ("successful", {}), result.output
    assert result.outcomes[server["id"]].changed
    shown = [diff["task"] for diff in result.diffs]
    assert shown == ["Apply the ports", "Export the volumes", "Fetch the image", "Start the server"]
    assert not [secret for secret in SECRETS if secret in json.dumps([result.diffs, result.tasks]) + result.output]
    assert contents(host) == before == [[]] * 5
    assert ovn.rows("Logical_Switch_Port") == []
    assert "Target " not in tgt.administer("--op", "show", "--mode", "target")
    assert cloud.records == []


def test_a_volume_comes_and_goes_in_words_only(cloud, host, image):
    item = {"id": str(uuid.uuid4()), "size_gib": 1, "image": image}
    result = cloud.rehearse("volume_create", [item], {"storage": "node"})
    assert (result.status, faults(result)) == ("successful", {}), result.output
    assert [diff["task"] for diff in result.diffs] == ["Fetch the image", "Create the volume"]
    assert contents(host) == [[]] * 5
    assert faults(cloud.run("volume_create", [item | {"image": None}], {"storage": "node"})) == {}
    before = contents(host)
    result = cloud.rehearse("volume_delete", [{"id": item["id"]}], {"storage": "node"})
    assert result.outcomes[item["id"]].changed
    assert contents(host) == before != [[]] * 5
