#!/usr/bin/env python3
"""Builds a small bootable guest image from Debian's packages, without mounting anything.

The image is one FAT partition with syslinux, Debian's cloud kernel and an initial RAM file system that is the whole
system: busybox, dropbear, the drivers of a virtual machine and the guest's own files, which `tiny.json` beside this
program holds by their path.

Prints "changed" when it built, or with --check would build, and "unchanged" when the image there was already made
from the same inputs. Exits 1 with one line on standard error when a step fails.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from boot_disk import FAT16, PARTITION_START, SECTOR, BuildError, build_when_needed, digest_of, first_sector, run
from cpio_archive import CpioArchive

HERE = Path(__file__).resolve().parent
OVERLAY = HERE / "tiny.json"
BOOT_CODE = Path("/usr/lib/SYSLINUX/mbr.bin")
PROGRAMS = ("/usr/sbin/dropbear", "/usr/bin/dropbearkey", "/usr/bin/dbclient")
SYSLINUX_CFG = """\
DEFAULT linux
PROMPT 0
TIMEOUT 0
LABEL linux
  LINUX /vmlinuz
  INITRD /initrd
  APPEND console=tty0 console=ttyS0,115200n8 panic=10 net.ifnames=0
"""


def kernel_package() -> str:
    """Name and version of the newest cloud kernel that apt offers, as `name=version`."""
    depends = run("apt-cache", "depends", "--important", "linux-image-cloud-amd64").decode()
    found = re.search(r"Depends: (linux-image-\S+)", depends)
    if not found:
        raise BuildError("apt knows no linux-image-cloud-amd64: run apt-get update, or check the sources")
    candidate = re.search(r"Candidate: (\S+)", run("apt-cache", "policy", found[1]).decode())
    if not candidate or candidate[1] == "(none)":
        raise BuildError(f"apt has no candidate for {found[1]}")
    return f"{found[1]}={candidate[1]}"


def overlay_files() -> dict[str, bytes]:
    """The content of the guest's own files, by their path in the guest."""
    return {path: content.encode() for path, content in sorted(json.loads(OVERLAY.read_text()).items())}


def inputs_digest(size_mib: int) -> str:
    """One digest over everything that ends up in the image."""
    programs = [HERE / name for name in ("build_tiny_image.py", "boot_disk.py", "cpio_archive.py")]
    sources = [*programs, OVERLAY, Path("/bin/busybox"), BOOT_CODE, *map(Path, PROGRAMS)]
    return digest_of([kernel_package(), str(size_mib)], sources)


def unpack_kernel(package: str, work: Path) -> tuple[bytes, Path, str]:
    """Download the kernel's package into `work`; return the kernel, the folder with lib/modules, and its release."""
    # The sandbox user of apt cannot write here; the signature is checked all the same.
    run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, cwd=work)
    archive = next(work.glob("linux-image-*.deb"))
    kernel = b""
    root = work / "kernel"
    with tarfile.open(fileobj=io.BytesIO(run("dpkg-deb", "--fsys-tarfile", archive))) as tar:
        for member in tar:
            if member.name.startswith("./boot/vmlinuz-"):
                kernel = tar.extractfile(member).read()
            elif member.isfile() and member.name.startswith("./lib/modules/"):
                path = root / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
    if not kernel:
        raise BuildError(f"{archive.name} holds no kernel")
    return kernel, root, next((root / "lib/modules").iterdir()).name


def needed_modules(root: Path, release: str, wanted: list[str]) -> list[str]:
    """Paths, below lib/modules/<release>, of the wanted drivers and of all that these need."""
    run("depmod", "-b", root, release)
    folder = root / "lib/modules" / release
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[path] = others.split()
    by_name = {Path(path).stem.replace("-", "_"): path for path in needs}
    builtin = {Path(line).stem.replace("-", "_") for line in (folder / "modules.builtin").read_text().split()}
    chosen: set[str] = set()
    for name in wanted:
        if name in by_name:
            chosen |= {by_name[name], *needs[by_name[name]]}
        elif name not in builtin:
            raise BuildError(f"the kernel {release} has no driver {name}")
    return sorted(chosen)


def shared_libraries(program: str) -> set[Path]:
    """Every library that a program loads, the loader itself included."""
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", run("ldd", program).decode())}


def add_system(archive: CpioArchive) -> None:
    """Busybox with a link for each of its commands, dropbear with its libraries, and the overlay."""
    for folder in ("dev", "proc", "sys", "run", "boot", "mnt", "var/log", "var/lib", "usr/local/bin"):
        archive.directory(folder)
    archive.directory("tmp", 0o1777)
    archive.directory("root", 0o700)
    archive.directory("home/guest", 0o755, owner=1000)
    archive.directory("home/guest/.ssh", 0o700, owner=1000)
    archive.symlink("var/run", "/run")
    # The kernel opens these before anything could mount /dev.
    archive.character_device("dev/console", 0o600, 5, 1)
    archive.character_device("dev/null", 0o666, 1, 3)

    busybox = Path("/bin/busybox").read_bytes()
    archive.file("bin/busybox", busybox, 0o755)
    archive.symlink("init", "bin/busybox")
    for path in run("/bin/busybox", "--list-full").decode().split():
        # su is a copy, as it alone must be set-uid.
        if path not in ("bin/busybox", "linuxrc", "bin/su"):
            archive.symlink(path, "/bin/busybox")
    archive.file("bin/su", busybox, 0o4755)
    for library in sorted(set().union(*map(shared_libraries, PROGRAMS))):
        archive.file(str(library).lstrip("/"), library.read_bytes(), 0o755)
    for program in PROGRAMS:
        archive.file(program.lstrip("/"), Path(program).read_bytes(), 0o755)
    archive.symlink("usr/bin/ssh", "dbclient")
    for path, content in overlay_files().items():
        mode = 0o600 if path == "etc/shadow" else 0o755 if content.startswith(b"#!") else 0o644
        archive.file(path, content, mode)


def initial_file_system(root: Path, release: str) -> bytes:
    """The guest's whole system as a compressed cpio archive."""
    output = io.BytesIO()
    archive = CpioArchive(output)
    add_system(archive)
    folder = f"lib/modules/{release}"
    wanted = overlay_files()["etc/modules"].decode().split()
    modules = needed_modules(root, release, wanted)
    for path in modules:
        archive.file(f"{folder}/{path}", (root / folder / path).read_bytes())
    lines = (root / folder / "modules.dep").read_text().splitlines(keepends=True)
    kept = "".join(line for line in lines if line.partition(":")[0] in modules)
    archive.file(f"{folder}/modules.dep", kept.encode())
    archive.close()
    return gzip.compress(output.getvalue(), compresslevel=6, mtime=0)


def write_disk(disk: Path, size: int, files: dict[str, bytes], work: Path) -> None:
    """Make the raw disk: partition table, FAT file system, boot loader and `files`."""
    with disk.open("wb") as output:
        output.truncate(size)
        output.write(first_sector(BOOT_CODE, size, FAT16))
    volume = f"{disk}@@{PARTITION_START}"
    sectors = (size - PARTITION_START) // SECTOR
    run("mformat", "-i", volume, "-T", str(sectors), "-h", "255", "-s", "63", "-H", str(PARTITION_START // SECTOR),
        "-v", "TENREC-BOOT", "::")  # fmt: skip
    for name, content in files.items():
        source = work / name
        source.write_bytes(content)
        run("mcopy", "-i", volume, source, f"::/{name}")
    run("syslinux", "--install", "--offset", str(PARTITION_START), disk)


def build(target: Path, size_mib: int) -> None:
    """Build the image beside `target` and put it in place in one step."""
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as folder:
        work = Path(folder)
        vmlinuz, root, release = unpack_kernel(kernel_package(), work)
        files = {
            "syslinux.cfg": SYSLINUX_CFG.encode(),
            "vmlinuz": vmlinuz,
            "initrd": initial_file_system(root, release),
        }
        disk = work / "disk.raw"
        write_disk(disk, size_mib << 20, files, work)
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, work / "image.qcow2")
        (work / "image.qcow2").chmod(0o644)
        (work / "image.qcow2").replace(target)


def main() -> int:
    """Command line: TARGET, --size-mib, --check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="the qcow2 file to make")
    parser.add_argument("--size-mib", type=int, default=48, help="virtual size of the disk in MiB")
    parser.add_argument("--check", action="store_true", help="say whether the image would change, and change nothing")
    options = parser.parse_args()
    return build_when_needed(
        options.target,
        lambda: inputs_digest(options.size_mib),
        lambda: build(options.target, options.size_mib),
        options.check,
    )


if __name__ == "__main__":
    sys.exit(main())
