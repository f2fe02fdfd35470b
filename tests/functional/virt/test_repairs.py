"""A server that exists is set right: its domain comes back, its disk is never replaced."""

import uuid

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.findings import boot_of_host, sizes
from ansible_collections.tenrec.cloud.plugins.module_utils.libvirt_host import LibvirtHost
from ansible_collections.tenrec.cloud.plugins.module_utils.server_domain import ARGUMENTS, ServerDomain

from tests.functional.virt.conftest import TEST_DRIVER


@pytest.fixture
def apply(converge, host, libvirt_host):
    """Make a server as `server_create` does, or look what that would change."""

    def run(item, **options):
        (result,) = (outcome := converge(ServerDomain, ARGUMENTS, [item], state="running", **host.domain, **options))[
            "results"
        ]
        return result, outcome["diff"]

    return run


@pytest.fixture
def server(apply, cache_image):
    """A server that runs, as the item of its repair."""
    item = {
        "id": str(uuid.uuid4()),
        "name": "web",
        "vcpus": 1,
        "memory_mib": 64,
        "root_gib": 1,
        "image": cache_image("qcow2", "64M"),
        "config_drive": None,
    }
    result, _diff = apply(item)
    assert "error" not in result
    return item | {"root_disk": True}


@pytest.fixture
def domain(libvirt_host, server):
    return lambda: libvirt_host.lookupByName(f"server-{server['id']}")


def disk_of(host, server):
    return host.servers / server["id"] / "disk.qcow2"


def test_a_server_that_is_as_it_should_be_is_left_alone(apply, server):
    assert apply(server) == ({"id": server["id"], "changed": False}, [])
    assert apply(server | {"name": "renamed"})[0]["changed"] is False


def test_a_lost_domain_comes_back_with_its_disk(apply, host, server, domain):
    domain().destroy()
    domain().undefine()
    disk_of(host, server).write_bytes(b"what the tenant wrote")
    result, (diff,) = apply(server)
    assert result == {"id": server["id"], "changed": True}
    assert (diff["before"]["definition"], diff["before"]["disk"]) == (None, True)
    assert domain().isActive()
    assert disk_of(host, server).read_bytes() == b"what the tenant wrote"


def test_a_definition_that_was_taken_from_a_running_server_comes_back(apply, server, domain):
    domain().undefine()
    result, (diff,) = apply(server)
    assert (result["changed"], diff["before"]["definition"]) == (True, "lost")
    assert domain().isPersistent() and domain().isActive()
    assert apply(server)[0]["changed"] is False


def test_a_repair_that_fails_keeps_the_disk(apply, host, server, domain, monkeypatch):
    domain().destroy()
    domain().undefine()

    def no_memory(_domain):
        raise RuntimeError("no memory")

    monkeypatch.setattr("ansible_collections.tenrec.cloud.plugins.module_utils.libvirt_host.start", no_memory)
    result, _diff = apply(server)
    assert "no memory" in result["error"]
    assert disk_of(host, server).exists()


def test_a_lost_disk_is_named_and_not_made_anew(apply, host, server, domain):
    disk_of(host, server).unlink()
    _result, (diff,) = apply(server, check_mode=True)
    assert (diff["before"]["disk"], diff["after"]["disk"]) == (False, True)
    result, _diff = apply(server)
    assert result["error"] == (f"the root disk of server {server['id']} is gone; what was on it cannot be had again")
    assert not disk_of(host, server).exists()
    assert domain().isActive()


def test_a_server_whose_image_is_deleted_can_be_repaired(apply, server, domain):
    domain().destroy()
    domain().undefine()
    assert "error" not in apply(server | {"image": None})[0]
    assert "disk.qcow2" in domain().XMLDesc()


def test_a_server_that_is_off_comes_back_and_stays_off(apply, server, domain):
    domain().destroy()
    domain().undefine()
    off = server | {"started": False}
    assert apply(off)[0]["changed"] is True
    assert not domain().isActive()
    assert apply(off)[0]["changed"] is False


def test_a_host_tells_its_servers_from_others_and_why_they_are_off(libvirt_host, server, domain):
    host = LibvirtHost(TEST_DRIVER)
    assert host.servers() == {server["id"]: ("running", None)}
    assert host.strays() == ["test"]
    domain().destroy()
    assert host.servers() == {server["id"]: ("shutoff", "destroyed")}
    domain().create()
    domain().shutdown()
    assert host.servers() == {server["id"]: ("shutoff", "shutdown")}
    host.close()


def test_files_are_listed_by_the_ids_that_name_them(tmp_path):
    known = str(uuid.uuid4())
    (tmp_path / known).write_bytes(b"12345")
    for other in ("lost+found", f".{known}.new", known.upper(), known.replace("-", "")):
        (tmp_path / other).write_bytes(b"1")
    assert sizes(tmp_path) == [{"id": known, "size": 5}]
    assert sizes(tmp_path / "nowhere") == []


def test_one_start_of_the_host_has_one_name():
    assert boot_of_host() == boot_of_host()
    assert len(boot_of_host()) <= 64
