"""The verdict on images, and the argument lists of what opens them."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import confinement, qemu_img
from ansible_collections.tenrec.cloud.plugins.module_utils.qemu_img import GIB, ImageRefused

QCOW2 = {"format": "qcow2", "virtual-size": GIB, "format-specific": {"type": "qcow2", "data": {"corrupt": False}}}


def qcow2(**data):
    """What qemu-img says of a qcow2 image with some of its header's facts changed."""
    return QCOW2 | {"format-specific": {"type": "qcow2", "data": data}}


def vmdk(kind, *files):
    """What qemu-img says of a VMDK."""
    extents = [{"filename": file, "format": ""} for file in files]
    data = {"create-type": kind, "extents": extents}
    return {"format": "vmdk", "virtual-size": GIB, "format-specific": {"type": "vmdk", "data": data}}


@pytest.mark.parametrize(
    ("info", "disk_format"),
    [
        (QCOW2, "qcow2"),
        ({"format": "raw", "virtual-size": GIB}, "raw"),
        ({"format": "raw", "virtual-size": GIB}, "iso"),
        ({"format": "vpc", "virtual-size": GIB}, "vhd"),
        (vmdk("streamOptimized", qemu_img.SOURCE), "vmdk"),
    ],
)
def test_an_image_that_is_what_it_claims_is_used(info, disk_format):
    assert qemu_img.judged(info, disk_format) == GIB


@pytest.mark.parametrize(
    ("info", "disk_format", "reason"),
    [
        (QCOW2, "raw", "declared as raw but its content is qcow2"),
        ({"format": "raw", "virtual-size": 1}, "qcow2", "declared as qcow2 but its content is raw"),
        (QCOW2 | {"backing-filename": "/etc/shadow"}, "qcow2", "has a backing file"),
        (QCOW2 | {"full-backing-filename": "json:{}"}, "qcow2", "has a backing file"),
        (QCOW2 | {"encrypted": True}, "qcow2", "is encrypted"),
        (qcow2(**{"data-file": "/dev/sda"}), "qcow2", "keeps its data in another file"),
        (qcow2(corrupt=True), "qcow2", "marked as corrupt"),
        (vmdk("monolithicFlat", "/etc/shadow"), "vmdk", "a VMDK of type 'monolithicFlat' with 1 extents"),
        (vmdk("monolithicSparse", "/etc/shadow"), "vmdk", "is not supported"),
        (vmdk("streamOptimized", qemu_img.SOURCE, "/etc/shadow"), "vmdk", "with 2 extents"),
        (QCOW2, "docker", "disk format 'docker' is not supported; valid are iso, qcow2, raw"),
    ],
)
def test_every_other_image_is_refused_with_the_reason(info, disk_format, reason):
    with pytest.raises(ImageRefused, match=reason):
        qemu_img.judged(info, disk_format)


@pytest.mark.parametrize(
    ("root_gib", "virtual_size", "size"), [(0, 5, 5), (1, GIB, GIB), (3, GIB + 1, 3 * GIB), (0, 7 * GIB, 7 * GIB)]
)
def test_a_root_disk_is_the_flavors_or_the_images_size(root_gib, virtual_size, size):
    assert qemu_img.root_disk_bytes(root_gib, virtual_size) == size


def test_a_root_disk_smaller_than_its_image_is_refused_with_the_size_that_would_do():
    with pytest.raises(ValueError, match="disk of 2 GiB is smaller than the image, which needs 3 GiB"):
        qemu_img.root_disk_bytes(2, 2 * GIB + 1)


def test_an_overlay_is_made_without_opening_its_base():
    command = qemu_img.overlay_command("/servers/x/disk", "/cache/y", "raw", GIB)
    assert command[:2] == ["qemu-img", "create"]
    assert "-u" in command
    assert command[command.index("-F") + 1] == "raw"
    assert command[-2:] == ["/servers/x/disk", str(GIB)]


def test_a_confined_program_sees_named_files_only():
    command = confinement.confined_command(
        ["qemu-img", "info", "/source"], readable={"/source": "/images/a b; rm"}, cpu_seconds=7, owner=(1000, 1001)
    )
    sandbox, program = command[: command.index("--")], command[command.index("--") + 1 :]
    assert sandbox[0] == "bwrap"
    shared = [sandbox[place + 1] for place, word in enumerate(sandbox) if word in ("--ro-bind", "--bind", "--dev-bind")]
    assert shared == ["/usr", "/images/a b; rm"]
    assert {"--unshare-net", "--unshare-pid", "--clearenv", "--die-with-parent"} <= set(sandbox)
    assert program[:3] == ["setpriv", "--reuid=1000", "--regid=1001"]
    assert "--cpu=7" in program
    assert program[-3:] == ["qemu-img", "info", "/source"]
