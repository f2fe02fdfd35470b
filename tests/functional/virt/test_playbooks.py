"""The playbooks of servers, volumes and images, run as the worker runs them."""

import base64
import hashlib
import json
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.functional.ovn.tenant import HOSTILE, PORT, STORY
from tests.functional.virt.private_switch import PrivateSwitch

EVALUATED = Path("/tmp/tenrec-evaluated")


def faults(result):
    return {name: outcome.fault for name, outcome in result.outcomes.items() if outcome.fault is not None}


@pytest.fixture
def switch(tmp_path):
    database = PrivateSwitch(tmp_path)
    yield database
    database.stop()


@pytest.fixture
def cloud(playbooks, ovn, tgt, switch, host):
    """Playbooks on a host whose servers run in libvirt's test driver, which forgets them when a module ends."""
    storage = {"pool": str(host.pool), "tgt": str(tgt.socket)}
    EVALUATED.unlink(missing_ok=True)
    made = playbooks(
        tenrec_ovn={"northbound": ovn.northbound, "southbound": ovn.southbound, "sync": "northd"},
        tenrec_domain={**host.domain, "open_vswitch": switch.connection, "wait_for_ports": True},
        tenrec_domain_volume={"uri": host.domain["uri"]},
        tenrec_domain_console={"servers": str(host.servers)},
        tenrec_domain_info={"uri": host.domain["uri"]},
        tenrec_image_cache={"cache": str(host.image_cache), "servers": str(host.servers)},
        tenrec_image_file={"images": str(host.images)},
        tenrec_volume={**storage, "image_cache": str(host.image_cache)},
        tenrec_volume_export={**storage, "configuration": str(host.configuration)},
    )
    networks = dict(STORY)["network"]
    assert made.run("network_apply", networks).status == "successful"
    yield made
    assert not EVALUATED.exists(), "a template that a tenant typed was evaluated"


@pytest.fixture
def port():
    (port,) = (each for each in dict(STORY)["port"] if each["id"] == PORT)
    return port | {"security_group_ids": [], "port_security_enabled": False, "mtu": 1442}


@pytest.fixture
def make_server(cache_image, host):
    image = cache_image("qcow2", "8M")

    def make(*ports, **changes):
        server_id = str(uuid.uuid4())
        return {
            "id": server_id,
            "name": HOSTILE,
            "vcpus": 1,
            "memory_mib": 64,
            "root_gib": 1,
            "image": image | {"url": "https://localhost/none", "token": "gAAAAA-a-token"},
            "ports": list(ports),
            "volumes": [],
            "config_drive": {
                "meta_data": {"uuid": server_id, "name": HOSTILE, HOSTILE: {"nested": [HOSTILE]}},
                "network_data": {},
                "user_data": base64.b64encode(HOSTILE.encode()).decode(),
                "vendor_data": {},
            },
        } | changes

    return make


def on_config_drive(host, server, path):
    drive = host.servers / server["id"] / "config-drive.iso"
    return subprocess.check_output(["isoinfo", "-R", "-i", str(drive), "-x", path])


def test_a_server_comes_and_goes(cloud, host, ovn, switch, port, make_server):
    switch.plug(port["id"], installed=True)
    server = make_server(port)
    created = cloud.run("server_create", [server], {"compute": "node"})
    assert (created.status, faults(created)) == ("successful", {}), created.output
    assert ovn.row("Logical_Switch_Port", port["id"])["name"] == port["id"]
    # What a tenant typed is in the guest as it was, and no secret is in the output.
    document = json.loads(on_config_drive(host, server, "/openstack/latest/meta_data.json"))
    assert document == server["config_drive"]["meta_data"]
    assert on_config_drive(host, server, "/openstack/latest/user_data").decode() == HOSTILE
    assert "gAAAAA-a-token" not in created.output
    deleted = cloud.run("server_delete", [{"id": server["id"], "ports": [{"id": port["id"]}], "volumes": []}])
    assert (deleted.status, faults(deleted)) == ("successful", {}), deleted.output
    assert ovn.rows("Logical_Switch_Port", [["name", "==", port["id"]]]) == []
    assert list(host.servers.iterdir()) == []


def test_a_server_fails_with_its_port_and_its_neighbour_does_not(cloud, host, port, make_server):
    lost = {**port, "id": str(uuid.uuid4()), "network_id": str(uuid.uuid4())}
    good_port = {**port, "id": str(uuid.uuid4())}
    bad, good = make_server(lost), make_server()
    bad["ports"].append(good_port)
    result = cloud.run("server_create", [bad, good], {"compute": "node"})
    assert list(faults(result)) == [bad["id"]], result.output
    assert faults(result)[bad["id"]].task == "Apply the ports"
    assert [folder.name for folder in host.servers.iterdir()] == [good["id"]]


def test_a_server_fails_with_its_image_and_its_neighbour_does_not(cloud, host, make_server):
    bad, good = make_server(), make_server()
    bad["image"] = {**bad["image"], "id": str(uuid.uuid4())}
    result = cloud.run("server_create", [bad, good], {"compute": "node"})
    assert list(faults(result)) == [bad["id"]]
    assert faults(result)[bad["id"]].task == "Fetch the image"
    assert "could not be fetched" in faults(result)[bad["id"]].message
    assert [folder.name for folder in host.servers.iterdir()] == [good["id"]]


def test_a_volume_comes_and_goes(cloud, host, tgt):
    item = {"id": str(uuid.uuid4()), "size_gib": 1, "image": None}
    assert faults(cloud.run("volume_create", [item], {"storage": "node"})) == {}
    assert [file.name for file in host.pool.iterdir()] == [item["id"]]
    again = cloud.run("volume_create", [item], {"storage": "node"})
    assert again.outcomes[item["id"]].changed is False
    assert faults(cloud.run("volume_delete", [{"id": item["id"]}], {"storage": "node"})) == {}
    assert list(host.pool.iterdir()) == []


def test_a_volume_that_cannot_be_attached_names_the_task_and_is_withdrawn(cloud, host, tgt):
    volume_id = str(uuid.uuid4())
    cloud.run("volume_create", [{"id": volume_id, "size_gib": 1, "image": None}], {"storage": "node"})
    item = {
        "id": volume_id,
        "server_id": str(uuid.uuid4()),
        "device": "/dev/vdb",
        "iqn": f"iqn.2010-10.org.openstack:volume-{volume_id}",
        "portal_host": "127.0.0.1",
        "portal_port": tgt.port,
        "chap_username": "u",
        "chap_password": "a-long-chap-password",
        "boot_index": None,
    }
    attached = cloud.run("volume_attach", [item])
    fault = faults(attached)[volume_id]
    assert fault.task == "Attach the volume"
    assert "a-long-chap-password" not in attached.output
    assert item["iqn"] in tgt.administer("--mode", "target", "--op", "show")
    detached = cloud.run("volume_detach", [item])
    assert (detached.status, faults(detached)) == ("successful", {}), detached.output
    assert tgt.administer("--mode", "target", "--op", "show") == ""
    assert list(host.configuration.iterdir()) == []


def test_an_upload_is_measured_and_removed(cloud, host, make_image):
    image_id = str(uuid.uuid4())
    data = make_image("qcow2", "8M").read_bytes()
    (host.images / image_id).write_bytes(data)
    item = {"id": image_id, "path": str(host.images / image_id), "disk_format": "qcow2"}
    imported = cloud.run("image_import", [item], {})
    assert imported.outcomes[image_id].facts == {
        "size": len(data),
        "virtual_size": 8 << 20,
        "sha512": hashlib.sha512(data).hexdigest(),
        "md5": hashlib.md5(data).hexdigest(),
    }
    refused = cloud.run("image_import", [item | {"disk_format": "raw"}], {})
    assert faults(refused)[image_id].message == "the image is declared as raw but its content is qcow2"
    deleted = cloud.run("image_delete", [{"id": image_id}], {})
    assert (deleted.status, faults(deleted)) == ("successful", {}), deleted.output
    assert list(host.images.iterdir()) == []


def test_a_console_is_read_from_its_end(playbooks, host):
    cloud = playbooks(tenrec_domain_console={"servers": str(host.servers)})
    server_id = str(uuid.uuid4())
    folder = host.servers / server_id
    folder.mkdir()
    (folder / "console.log.0").write_bytes(b"first\nsecond\n")
    (folder / "console.log").write_bytes(b"third {{ 7 * 7 }}\n\xff\xfe\n")

    def output(length):
        result = cloud.run("server_console", [{"id": server_id, "length": length}], {"compute": "node"})
        return result.outcomes[server_id].facts["output"]

    assert output(None) == "first\nsecond\nthird {{ 7 * 7 }}\n\ufffd\ufffd\n"
    assert output(2) == "third {{ 7 * 7 }}\n\ufffd\ufffd\n"
    assert output(0) == ""


def test_a_host_without_servers_is_observed(playbooks, host):
    cloud = playbooks(tenrec_domain_info={"uri": host.domain["uri"]})
    result = cloud.run("observe", [], {})
    assert result.status == "successful", result.output
    assert result.hosts["node"]["domains"] == []


@pytest.mark.parametrize("kind", ["server_start", "server_stop", "server_reboot"])
def test_servers_that_are_not_here_cannot_start(playbooks, host, kind):
    server_id = str(uuid.uuid4())
    made = playbooks(tenrec_domain=host.domain)
    fault = faults(made.run(kind, [{"id": server_id}], {"compute": "node"}))[server_id]
    assert fault.message == f"server {server_id} is not defined on this host"


def test_check_mode_changes_nothing(cloud, host, make_server):
    server = make_server(name="web", config_drive=None)
    checked = cloud.check("server_create", [server], "--extra-vars", json.dumps({"nodes": {"compute": "node"}}))
    assert checked.returncode == 0, checked.stdout
    assert "changed=1" in checked.stdout
    assert list(host.servers.iterdir()) == []
