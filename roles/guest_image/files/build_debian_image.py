#!/usr/bin/python3
"""Builds a Debian 12 cloud image: Debian's own kernel, cloud-init and SSH server on one ext4 partition.

Needs root: extlinux writes its loader into a mounted file system. Prints "changed" when it built, or with --check would
build, and "unchanged" when the image there was already made by the same program for the same size; upgrades of the
packages inside do not count, since every server gets them from Debian itself.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from boot_disk import LINUX, PARTITION_START, BuildError, build_when_needed, digest_of, first_sector, run

HERE = Path(__file__).resolve().parent
BOOT_CODE = Path("/usr/lib/EXTLINUX/mbr.bin")
LABEL = "root"
PACKAGES = (
    "linux-image-cloud-amd64", "systemd-sysv", "systemd-resolved", "dbus", "udev", "kmod", "initramfs-tools",
    "cloud-init", "cloud-guest-utils", "netplan.io", "openssh-server", "sudo", "iproute2", "iputils-ping",
    "ca-certificates", "e2fsprogs", "fdisk", "curl", "less", "procps", "python3",
)  # fmt: skip
FILES = {
    "etc/fstab": f"LABEL={LABEL} / ext4 errors=remount-ro,x-systemd.growfs 0 1\n",
    "etc/apt/sources.list": (
        "deb http://deb.debian.org/debian bookworm main\n"
        "deb http://deb.debian.org/debian bookworm-updates main\n"
        "deb http://deb.debian.org/debian-security bookworm-security main\n"
    ),
    "etc/cloud/cloud.cfg.d/90_cloud.cfg": (
        "datasource_list: [ConfigDrive, OpenStack, None]\n"
        "# There are no locales but C.UTF-8.\n"
        "locale: false\n"
        "manage_etc_hosts: true\n"
    ),
    "boot/extlinux/extlinux.conf": (
        "DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n  LINUX /vmlinuz\n  INITRD /initrd.img\n"
        f"  APPEND root=LABEL={LABEL} ro console=tty0 console=ttyS0,115200n8 net.ifnames=0\n"
    ),
    "etc/machine-id": "",
}


def apt_options() -> list[str]:
    """How this host reaches its mirrors (proxies, clock checks), as options for mmdebstrap."""
    lines = run("apt-config", "dump").decode().splitlines()
    kept = [line for line in lines if re.match(r'Acquire::(http|https|Check|Retries)\S* ".+";$', line)]
    return [f"--aptopt={line.removesuffix(';')}" for line in kept]


def mirrors() -> list[str]:
    """Files with this host's sources of packages."""
    folder = Path("/etc/apt/sources.list.d")
    found = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    sources = [str(path) for path in found if path.exists() and "debian" in path.read_text()]
    if not sources:
        raise BuildError("this host's apt has no source of Debian's packages")
    return sources


def write_system(root: Path) -> None:
    """Install Debian into the folder `root` and make it forget that it was ever installed."""
    include = "--include=" + ",".join(PACKAGES)
    run("mmdebstrap", "--mode=root", "--variant=minbase", include, *apt_options(), "--skip=cleanup/reproducible",
        "bookworm", root, *mirrors())  # fmt: skip
    for pattern in ("etc/apt/sources.list.d/*", "etc/apt/apt.conf.d/99mmdebstrap", "etc/ssh/ssh_host_*",
                    "etc/hostname", "var/lib/apt/lists/*_*", "var/cache/apt/archives/*.deb",
                    "var/lib/dbus/machine-id"):  # fmt: skip
        for path in root.glob(pattern):
            path.unlink()
    # A link that leads nowhere, as this one does before the first boot, is not among what a pattern finds.
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@contextlib.contextmanager
def mounted(disk: Path, folder: Path) -> Iterator[None]:
    """Mount the disk's partition on `folder` for a while."""
    folder.mkdir()
    run("mount", "-t", "ext4", "-o", f"loop,offset={PARTITION_START}", disk, folder)
    try:
        yield
    finally:
        run("umount", folder)


def write_disk(disk: Path, size: int, root: Path) -> None:
    """Make the raw disk: partition table, ext4 with all of `root`, boot loader."""
    with disk.open("wb") as output:
        output.truncate(size)
        output.write(first_sector(BOOT_CODE, size, LINUX))
    # extlinux reads no file system with 64-bit block numbers or checksummed metadata.
    run("mke2fs", "-q", "-t", "ext4", "-O", "^64bit,^metadata_csum", "-L", LABEL, "-d", root,
        "-E", f"offset={PARTITION_START},root_owner=0:0", disk, f"{(size - PARTITION_START) >> 10}k")  # fmt: skip
    mount_point = disk.parent / "mounted"
    with mounted(disk, mount_point):
        run("extlinux", "--install", mount_point / "boot/extlinux")


def build(target: Path, size_gib: int) -> None:
    """Build the image beside `target` and put it in place in one step."""
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as folder:
        work = Path(folder)
        write_system(work / "root")
        disk = work / "disk.raw"
        write_disk(disk, size_gib << 30, work / "root")
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", disk, work / "image.qcow2")
        (work / "image.qcow2").chmod(0o644)
        (work / "image.qcow2").replace(target)


def main() -> int:
    """Command line: TARGET, --size-gib, --check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="the qcow2 file to make")
    parser.add_argument("--size-gib", type=int, default=2, help="virtual size of the disk in GiB")
    parser.add_argument("--check", action="store_true", help="say whether the image would change, and change nothing")
    options = parser.parse_args()
    programs = [HERE / name for name in ("build_debian_image.py", "boot_disk.py")]
    return build_when_needed(
        options.target,
        lambda: digest_of([str(options.size_gib)], programs),
        lambda: build(options.target, options.size_gib),
        options.check,
    )


if __name__ == "__main__":
    sys.exit(main())
