"""qemu-img: argument lists, and the verdict on what it says of an image."""

from __future__ import annotations

import json
import pathlib

from ansible_collections.tenrec.cloud.plugins.module_utils import confinement

# OpenStack's disk_format to QEMU's driver. An ISO image has no format of its own: to QEMU it is raw.
DRIVERS = {
    "raw": "raw",
    "iso": "raw",
    "qcow2": "qcow2",
    "vmdk": "vmdk",
    "vdi": "vdi",
    "vhd": "vpc",
    "vhdx": "vhdx",
}
# The only kinds of VMDK that are one file; the others are descriptors that name files elsewhere.
VMDK_SINGLE_FILE = ("monolithicSparse", "streamOptimized")
GIB = 1 << 30
# What is inside the confinement.
SOURCE, TARGET = "/source", "/target"
# A conversion keeps many requests under way; its address space is mostly caches and thread stacks.
CONVERT_ADDRESS_SPACE_BYTES = 4 << 30


class ImageRefused(Exception):
    """An image is not what it claims to be, or would make QEMU open other files."""


def driver_of(disk_format):
    """QEMU's driver for a disk_format. Raises ImageRefused with the formats that are valid."""
    try:
        return DRIVERS[disk_format]
    except KeyError:
        raise ImageRefused(
            f"disk format '{disk_format}' is not supported; valid are {', '.join(sorted(DRIVERS))}"
        ) from None


def info_command():
    """Ask for an image's facts, its format found out by its content."""
    return ["qemu-img", "info", "--output=json", SOURCE]


def overlay_command(path, base, base_driver, size):
    """Make a qcow2 overlay of `size` bytes; nothing of `base` is opened, so its header is not trusted here."""
    return ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", base, "-F", base_driver, path, str(size)]


def convert_command(driver):
    """Write an image's content into an existing raw file that reads as zeros."""
    return ["qemu-img", "convert", "-n", "--target-is-zero", "-W", "-f", driver, "-O", "raw", SOURCE, TARGET]


def inspect(path, disk_format, timeout):
    """Look at an image, confined. Returns its virtual size in bytes.

    Raises ImageRefused when it may not be used, with the reason.
    """
    driver_of(disk_format)
    command = confinement.confined_command(
        info_command(), readable={SOURCE: path}, cpu_seconds=30, owner=confinement.owner_of(path)
    )
    try:
        answer = confinement.run(command, timeout)
    except RuntimeError as problem:
        raise ImageRefused(f"the image could not be read: {problem}") from None
    return judged(json.loads(answer), disk_format)


def inspect_overlay(path, base, disk_format, timeout):
    """Look at a server's disk, confined. Raises ImageRefused unless it is an overlay of `base`, of `disk_format`."""
    command = confinement.confined_command(
        info_command(), readable={SOURCE: path}, cpu_seconds=30, owner=confinement.owner_of(path)
    )
    try:
        answer = confinement.run(command, timeout)
    except RuntimeError as problem:
        raise ImageRefused(f"the disk could not be read: {problem}") from None
    judge_overlay(json.loads(answer), str(base), driver_of(disk_format))


def judge_overlay(info, base, driver):
    """Raise ImageRefused unless a disk would make QEMU open `base` by `driver`, and no other file.

    Arguments: info: what `qemu-img info --output=json` says of the disk.
    """
    details = info.get("format-specific", {}).get("data", {})
    if info["format"] != "qcow2" or info.get("encrypted") or details.get("corrupt"):
        raise ImageRefused("the disk is not a sound qcow2 file without encryption")
    if details.get("data-file") or details.get("data-file-raw"):
        raise ImageRefused("the disk keeps its data in another file")
    found = (info.get("backing-filename"), info.get("full-backing-filename", base), info.get("backing-filename-format"))
    if found != (base, base, driver):
        raise ImageRefused(f"the disk is built on {found[0]} ({found[2]}), not on {base} ({driver})")


def judged(info, disk_format):
    """The virtual size in bytes of an image that may be used.

    Arguments: info: what `qemu-img info --output=json` says. Raises ImageRefused for every other image.
    """
    driver = driver_of(disk_format)
    if info["format"] != driver:
        # A raw image that begins like a qcow2 one is refused as well: somebody would probe it sooner or later.
        raise ImageRefused(f"the image is declared as {disk_format} but its content is {info['format']}")
    if info.get("encrypted"):
        raise ImageRefused("the image is encrypted, which is not supported")
    if any(info.get(key) for key in ("backing-filename", "full-backing-filename", "backing-image")):
        raise ImageRefused("the image has a backing file; flatten it (qemu-img convert) and upload it again")
    details = info.get("format-specific", {}).get("data", {})
    if details.get("data-file") or details.get("data-file-raw"):
        raise ImageRefused(
            "the image keeps its data in another file; convert it (qemu-img convert) and upload it again"
        )
    if details.get("corrupt"):
        raise ImageRefused("the image is marked as corrupt")
    if driver == "vmdk":
        _judge_vmdk(details)
    return info["virtual-size"]


def _judge_vmdk(details):
    kind = details.get("create-type")
    extents = details.get("extents", [])
    if kind not in VMDK_SINGLE_FILE or len(extents) > 1 or any(each.get("filename") != SOURCE for each in extents):
        raise ImageRefused(
            f"a VMDK of type '{kind}' with {len(extents)} extents is not supported; valid is one file of type "
            + " or ".join(VMDK_SINGLE_FILE)
        )


def convert(source, disk_format, target, timeout):
    """Write an image's content, confined, into the raw file `target`, which exists and is large enough.

    Raises RuntimeError with qemu-img's own words.
    """
    command = confinement.confined_command(
        convert_command(driver_of(disk_format)),
        readable={SOURCE: source},
        writable={TARGET: target},
        cpu_seconds=max(1, int(timeout)),
        address_space=CONVERT_ADDRESS_SPACE_BYTES,
        owner=confinement.owner_of(target),
    )
    confinement.run(command, timeout)


def root_disk_bytes(root_gib, virtual_size):
    """The size of a root disk in bytes: the flavor's, or with 0 the image's own.

    Raises ValueError when the image is larger than the flavor allows.
    """
    if root_gib == 0:
        return virtual_size
    if root_gib * GIB < virtual_size:
        smallest = -(-virtual_size // GIB)
        raise ValueError(f"the flavor's disk of {root_gib} GiB is smaller than the image, which needs {smallest} GiB")
    return root_gib * GIB


def backing_file(path):
    """The backing file named in the header of a qcow2 file, or None without one or when it is no qcow2.

    Source: QEMU's docs/interop/qcow2.txt, header bytes 8 to 19.
    """
    with pathlib.Path(path).open("rb") as image:
        header = image.read(20)
        if len(header) < 20 or header[:4] != b"QFI\xfb":
            return None
        offset, length = int.from_bytes(header[8:16], "big"), int.from_bytes(header[16:20], "big")
        if not offset:
            return None
        image.seek(offset)
        return image.read(min(length, 1023)).decode(errors="surrogateescape")
