"""Servers on libvirt's test driver, with real disks and config drives."""

import base64
import json
import re
import socket
import subprocess
import threading
import time
import uuid
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway
from ansible_collections.tenrec.cloud.plugins.module_utils.server_domain import ARGUMENTS, ServerDomain

GIB = 1 << 30
USER_DATA = "#!/bin/sh\necho '{{ 7 * 7 }}'\n"
HOSTILE = ["{{ lookup('pipe', 'id') }}", "</name><devices/>", "; rm -rf /", "../../etc", "Ж🦔", "x" * 1_000_000]


@pytest.fixture
def image(cache_image):
    return cache_image("qcow2", "64M")


@pytest.fixture
def make_server(image):
    def make(**changes):
        server_id = str(uuid.uuid4())
        return {
            "id": server_id,
            "name": "web",
            "vcpus": 1,
            "memory_mib": 64,
            "root_gib": 1,
            "image": image,
            "ports": [],
            "volumes": [],
            "config_drive": {
                "meta_data": {"uuid": server_id, "hostname": "web"},
                "network_data": {"links": []},
                "user_data": base64.b64encode(USER_DATA.encode()).decode(),
                "vendor_data": {},
            },
        } | changes

    return make


@pytest.fixture
def apply(converge, host, libvirt_host):
    def run(state, items, **options):
        return converge(ServerDomain, ARGUMENTS, items, **{**host.domain, "state": state, **options})

    return run


def servers_of(libvirt_host):
    return {domain.UUIDString(): domain for domain in libvirt_host.listAllDomains() if domain.name() != "test"}


def on_config_drive(host, server_id, path):
    image = host.servers / server_id / "config-drive.iso"
    return subprocess.run(["isoinfo", "-R", "-i", str(image), "-x", path], check=True, capture_output=True).stdout


def test_a_server_gets_its_disk_its_config_drive_and_runs(apply, host, libvirt_host, make_server, image):
    server = make_server()
    outcome = apply("running", [server])
    assert outcome["results"] == [{"id": server["id"], "changed": True}]
    domain = servers_of(libvirt_host)[server["id"]]
    assert domain.isActive()
    assert domain.name() == f"server-{server['id']}"
    disk = host.servers / server["id"] / "disk.qcow2"
    facts = json.loads(subprocess.check_output(["qemu-img", "info", "--output=json", str(disk)]))
    assert facts["virtual-size"] == GIB
    assert facts["backing-filename"] == str(host.image_cache / image["id"])
    assert facts["backing-filename-format"] == "qcow2"
    assert json.loads(on_config_drive(host, server["id"], "/openstack/latest/meta_data.json"))["uuid"] == server["id"]
    assert on_config_drive(host, server["id"], "/openstack/latest/user_data").decode() == USER_DATA
    drive = host.servers / server["id"] / "config-drive.iso"
    assert b"Volume id: config-2\n" in subprocess.check_output(["isoinfo", "-d", "-i", str(drive)])
    assert [oct(file.stat().st_mode & 0o777) for file in (disk, drive)] == ["0o600", "0o600"]


def test_the_second_time_nothing_changes(apply, make_server):
    server = make_server()
    apply("running", [server])
    outcome = apply("running", [server])
    assert (outcome["changed"], outcome["diff"]) == (False, [])


def test_check_mode_says_what_would_change_and_changes_nothing(apply, host, libvirt_host, make_server):
    outcome = apply("running", [make_server()], check_mode=True)
    assert outcome["changed"] is True
    assert outcome["diff"][0]["after"]["state"] == "running"
    assert servers_of(libvirt_host) == {}
    assert list(host.servers.iterdir()) == []


def test_what_a_dead_run_left_is_finished(apply, host, libvirt_host, make_server):
    server = make_server()
    folder = host.servers / server["id"]
    folder.mkdir()
    (folder / ".disk.new").write_bytes(b"half")
    assert apply("running", [server])["results"] == [{"id": server["id"], "changed": True}]
    assert servers_of(libvirt_host)[server["id"]].isActive()
    assert sorted(file.name for file in folder.iterdir()) == ["config-drive.iso", "disk.qcow2"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"root_gib": 1, "image": "large"}, "the flavor's disk of 1 GiB is smaller than the image, which needs 3 GiB"),
        ({"image": "missing"}, "image .* is not in this host's cache"),
        ({"name": "a\0b"}, r"the name of server .* has the character U\+0000"),
        ({"config_drive": {"user_data": "not base64"}}, "the user data is not valid base64"),
        ({"memory_mib": None}, "a new server needs memory_mib"),
    ],
)
def test_a_server_that_cannot_be_made_says_why_and_leaves_nothing(
    apply, host, libvirt_host, make_server, cache_image, changes, error
):
    if changes.get("image") == "large":
        changes = {**changes, "image": cache_image("qcow2", "3G", image_id=str(uuid.uuid4()))}
    if changes.get("image") == "missing":
        changes = {**changes, "image": {"id": str(uuid.uuid4()), "disk_format": "raw", "sha512": "0"}}
    bad, good = make_server(**changes), make_server()
    first, second = apply("running", [bad, good])["results"]
    assert first["id"] == bad["id"]
    assert re.search(error, first["error"])
    assert second == {"id": good["id"], "changed": True}
    assert list(servers_of(libvirt_host)) == [good["id"]]
    assert [folder.name for folder in host.servers.iterdir()] == [good["id"]]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:12])
def test_what_a_tenant_typed_comes_back_as_it_was(apply, host, libvirt_host, make_server, name):
    server = make_server(name=name)
    server["config_drive"]["meta_data"]["name"] = name
    assert "error" not in apply("running", [server])["results"][0]
    document = servers_of(libvirt_host)[server["id"]].XMLDesc()
    assert ET.fromstring(document).findtext("metadata/{urn:tenrec:server:1}server/{urn:tenrec:server:1}name") == name
    assert json.loads(on_config_drive(host, server["id"], "/openstack/latest/meta_data.json"))["name"] == name


def test_a_server_stops_starts_and_reboots(apply, libvirt_host, make_server):
    server = make_server()
    apply("running", [server])
    domain = servers_of(libvirt_host)[server["id"]]
    short = [{"id": server["id"]}]
    for state, active, changes in (
        ("shutoff", False, True),
        ("shutoff", False, False),
        ("running", True, True),
        ("running", True, False),
        ("rebooted", True, True),
        ("rebooted", True, True),
    ):
        assert apply(state, short)["results"] == [{"id": server["id"], "changed": changes}], state
        assert bool(domain.isActive()) is active, state
    assert apply("rebooted", [{"id": server["id"], "type": "SOFT"}])["changed"] is True
    assert domain.isActive()


def test_a_libvirt_that_is_away_or_hangs_up_may_be_asked_again(apply, make_server, tmp_path):
    path = tmp_path / "libvirt.sock"
    away = f"qemu+unix:///system?socket={path}"
    with pytest.raises(EngineAway, match="cannot be reached"):
        apply("running", [make_server()], uri=away)
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(str(path))
        rude.listen()
        hanging_up = threading.Thread(target=lambda: rude.accept()[0].close())
        hanging_up.start()
        with pytest.raises(EngineAway, match="cannot be reached"):
            apply("running", [make_server()], uri=away)
        hanging_up.join()


def test_a_server_that_is_not_here_cannot_start(apply):
    server_id = str(uuid.uuid4())
    for state in ("running", "shutoff", "rebooted"):
        (result,) = apply(state, [{"id": server_id}])["results"]
        assert result["error"] == f"server {server_id} is not defined on this host"


def test_a_removed_server_leaves_nothing(apply, host, libvirt_host, make_server):
    server, other = make_server(), make_server()
    apply("running", [server, other])
    item = {"id": server["id"], "ports": [{"id": "p"}], "volumes": []}
    assert apply("absent", [item])["results"] == [{"id": server["id"], "changed": True}]
    assert list(servers_of(libvirt_host)) == [other["id"]]
    assert [folder.name for folder in host.servers.iterdir()] == [other["id"]]
    assert apply("absent", [item])["results"] == [{"id": server["id"], "changed": False}]


def test_an_id_that_is_no_uuid_reaches_no_file(apply, host):
    (result,) = apply("absent", [{"id": "../image-cache"}])["results"]
    assert "badly formed" in result["error"]
    assert host.image_cache.is_dir()


def test_twenty_servers_in_one_go_take_seconds(apply, libvirt_host, make_server):
    servers = [make_server() for _ in range(20)]
    started = time.monotonic()
    outcome = apply("running", servers)
    assert [result["changed"] for result in outcome["results"]] == [True] * 20
    assert len(servers_of(libvirt_host)) == 20
    assert time.monotonic() - started < 20
