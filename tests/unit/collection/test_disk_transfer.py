"""What is said to QEMU's programs at both ends of a disk's way, and which disks are taken."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import confinement, disk_transfer, qemu_img

BASE = "/var/lib/tenrec/image-cache/7d1f4f0a"
SOUND = {
    "format": "qcow2",
    "backing-filename": BASE,
    "full-backing-filename": BASE,
    "backing-filename-format": "raw",
    "format-specific": {"data": {"corrupt": False}},
}


def test_one_reader_is_served_bytes_over_tls():
    command = disk_transfer.offer_command("a server", "192.0.2.41", 49152, "compute2")
    assert "--read-only" in command and "--shared=1" in command and "--tls-creds=tls" in command
    assert "authz-simple,id=peer,identity=CN=compute2" in command
    assert "tls-creds-x509,id=tls,endpoint=server,dir=/tls,verify-peer=yes" in command
    assert command[-1].startswith("driver=raw,read-only=on,")


def test_the_reader_wants_the_name_of_its_peer_in_the_certificate():
    command = disk_transfer.copy_command("a server", "192.0.2.41", 49152, "compute1")
    (source,) = (each for each in command if each.startswith("driver=raw,file.driver=nbd"))
    assert source.endswith("file.tls-creds=tls,file.tls-hostname=compute1")
    assert command[-1] == f"driver=raw,file.driver=file,file.filename={qemu_img.TARGET}"


def test_each_end_has_its_certificate_under_the_names_of_its_end():
    files = disk_transfer.tls_files("/etc/tenrec/tls", "client")
    assert {name: str(file) for name, file in files.items()} == {
        "/tls/ca-cert.pem": "/etc/tenrec/tls/ca.pem",
        "/tls/client-cert.pem": "/etc/tenrec/tls/host.pem",
        "/tls/client-key.pem": "/etc/tenrec/tls/host.key",
    }


def test_only_what_speaks_to_a_peer_has_a_network():
    assert "--unshare-net" in confinement.confined_command(["true"])
    assert "--unshare-net" not in confinement.confined_command(["true"], network=True)


def test_an_overlay_of_the_image_is_taken():
    qemu_img.judge_overlay(SOUND, BASE, "raw")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": "raw"}, "not a sound qcow2 file"),
        ({"encrypted": True}, "not a sound qcow2 file"),
        ({"format-specific": {"data": {"corrupt": True}}}, "not a sound qcow2 file"),
        ({"format-specific": {"data": {"data-file": "/dev/sda"}}}, "keeps its data in another file"),
        ({"backing-filename": "/etc/shadow", "full-backing-filename": "/etc/shadow"}, "is built on /etc/shadow"),
        ({"full-backing-filename": "/etc/shadow"}, "is built on"),
        ({"backing-filename-format": "qcow2"}, "not on"),
        ({"backing-filename": None, "full-backing-filename": None}, "is built on None"),
    ],
)
def test_every_other_disk_is_refused(changes, says):
    with pytest.raises(qemu_img.ImageRefused, match=says):
        qemu_img.judge_overlay(SOUND | changes, BASE, "raw")
