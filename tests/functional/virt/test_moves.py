"""Root disks on their way between two hosts: over TLS, to the one peer, whole, and nothing but an overlay is taken."""

import subprocess
import uuid
from pathlib import Path

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import disk_transfer
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.modules import disk_copy, disk_offer

from tests.functional.virt.conftest import TEST_DRIVER

HERE = "127.0.0.1"
MIB = 1 << 20


@pytest.fixture
def tls(run_module, tmp_path):
    """Call it for the folder with the certificate of a host, of the cloud's authority or of a foreign one."""

    def made(name: str, authority: str = "ours") -> str:
        keys = tmp_path / authority
        host = {"name": name, "names": [name], "addresses": [HERE]}
        run_module("certificates", directory=str(keys), authority_name=authority, hosts=[host])
        folder = tmp_path / f"tls-{authority}-{name}"
        folder.mkdir()
        for file, source in (("ca.pem", "ca.pem"), ("host.pem", f"{name}.pem"), ("host.key", f"{name}.key")):
            (folder / file).write_bytes((keys / source).read_bytes())
        return str(folder)

    return made


@pytest.fixture
def item(cache_image):
    """A server's disk, as both modules are given it; its image is in the cache of both hosts."""
    image = cache_image("qcow2", "64M")
    return {"id": str(uuid.uuid4())} | {"image_id": image.pop("id"), **image}


@pytest.fixture
def disk(host, item) -> Path:
    """The server's disk where it is now: 1 GiB of which a little is written."""
    folder = host.servers / item["id"]
    folder.mkdir()
    path = folder / "disk.qcow2"
    base = host.image_cache / item["image_id"]
    create = ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", base, "-F", "qcow2", path, "1G"]
    subprocess.run(create, check=True)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -q -P 7 500M 3M", path], check=True, capture_output=True)
    return path


@pytest.fixture
def there(tmp_path) -> Path:
    """The folder of servers of the host to which they go."""
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


@pytest.fixture
def offer(converge, host, item, libvirt_host, tls):
    """Offer the disk to the host `two`; returns the module's result for it."""
    keys = tls("one")

    def run(**options):
        parameters = {"uri": TEST_DRIVER, "servers": str(host.servers), "address": HERE, "peer": "two", "tls": keys}
        (result,) = converge(disk_offer.DiskOffer, disk_offer.ARGUMENTS, [item], **parameters, **options)["results"]
        return result

    return run


@pytest.fixture
def copy(converge, host, item, libvirt_host, there, tls):
    """Copy what is offered; returns the module's result for it. `keys`: those of another host than `two`."""
    own = tls("two")

    def run(offered: dict, keys: str = own, peer: str = "one", **options):
        parameters = {"uri": TEST_DRIVER, "servers": str(there), "image_cache": str(host.image_cache), "owner": "root"}
        parameters |= {"offers": [offered], "address": HERE, "peer": peer, "tls": keys}
        (result,) = converge(disk_copy.DiskCopy, disk_copy.ARGUMENTS, [item], **parameters, **options)["results"]
        return result

    return run


def test_a_disk_arrives_whole_and_sparse_and_once(offer, copy, disk, there, item, host):
    offered = offer()
    assert offered["size"] == disk.stat().st_size
    assert copy(offered) == {"id": item["id"], "changed": True}
    arrived = there / item["id"] / "disk.qcow2"
    assert arrived.read_bytes() == disk.read_bytes()
    assert arrived.stat().st_mode & 0o777 == 0o600
    assert arrived.stat().st_blocks * 512 < 8 * MIB
    assert {each.name for each in arrived.parent.iterdir()} == {"disk.qcow2", ".disk.json"}
    # Who read it was the last: the offer is over.
    assert not disk_transfer.taken(HERE, offered["port"])


def test_a_second_run_copies_only_what_was_written_since(offer, copy, disk, there, item):
    copy(offer())
    assert copy(offer())["changed"] is False
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -q -P 9 0 1M", disk], check=True, capture_output=True)
    assert copy(offer())["changed"] is True
    assert (there / item["id"] / "disk.qcow2").read_bytes() == disk.read_bytes()


def test_check_mode_offers_and_copies_nothing(offer, copy, disk, there):
    offered = offer(check_mode=True)
    assert "port" not in offered
    assert copy(offered, check_mode=True)["changed"] is True
    assert list(there.iterdir()) == []


@pytest.mark.parametrize(
    ("reader", "authority", "peer"), [("three", "ours", "one"), ("two", "foreign", "one"), ("two", "ours", "other")]
)
def test_only_the_two_hosts_speak_to_each_other(offer, copy, disk, there, item, tls, reader, authority, peer):
    keys = None if (reader, authority) == ("two", "ours") else tls(reader, authority)
    result = copy(offer(deadline=5), peer=peer, deadline=5, **({"keys": keys} if keys else {}))
    assert "could not be copied" in result["error"] and result["transient"]
    assert list((there / item["id"]).iterdir()) == []


def test_what_is_no_overlay_of_the_image_is_refused(offer, copy, disk, there, item):
    subprocess.run(["qemu-img", "rebase", "-q", "-u", "-b", "/etc/passwd", "-F", "raw", disk], check=True)
    assert "is not the server's disk: the disk is built on /etc/passwd (raw)" in copy(offer())["error"]
    disk.write_bytes(b"no disk at all" * 100)
    assert "not a sound qcow2 file" in copy(offer())["error"]
    assert list((there / item["id"]).iterdir()) == []


def test_a_server_without_a_disk_or_one_that_runs_is_not_offered(offer, host, item, libvirt_host, disk):
    name = f"server-{item['id']}"
    domain = libvirt_host.createXML(
        f"<domain type='test'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os></domain>"
    )
    assert "runs; only the disk of one that is off can be moved" in offer()["error"]
    domain.destroy()
    disk.unlink()
    assert "is not on this host" in offer()["error"]


def test_another_offer_takes_the_place_of_the_one_before(offer, copy, disk):
    ports = [offer()["port"], offer()["port"]]
    until = Deadline(10)
    # The two may have had one port.
    assert until.wait_until(lambda: sum(disk_transfer.taken(HERE, port) for port in set(ports)) == 1)
    assert copy(offer())["changed"] is True


def test_an_offer_ends_at_its_deadline(offer, disk):
    port = offer(deadline=5)["port"]
    assert disk_transfer.taken(HERE, port)
    assert Deadline(10).wait_until(lambda: not disk_transfer.taken(HERE, port))
