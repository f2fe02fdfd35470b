"""Makes a Vagrant box for the libvirt provider: Debian 12 with its own kernel, as a freshly installed server.

It is what `debian/bookworm64` is, made from this machine's own mirrors: eth0 by DHCP, the account vagrant with
Vagrant's public key, sudo without a password. Needs root, mmdebstrap, extlinux, e2fsprogs, qemu-utils and Vagrant.

    PYTHONPATH=roles/guest_image/files python3 tests/vagrant/make_box.py debian.box [PACKAGE…]
"""

import argparse
import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from boot_disk import BuildError, run
from build_debian_image import LABEL, apt_options, mirrors, write_disk

DISK_GIB = 20
PACKAGES = (
    "linux-image-amd64", "systemd-sysv", "systemd-timesyncd", "dbus", "udev", "kmod", "initramfs-tools", "apparmor",
    "openssh-server", "sudo", "python3", "python3-apt", "ifupdown", "isc-dhcp-client", "iproute2", "iputils-ping",
    "netbase", "nftables", "procps", "ca-certificates", "e2fsprogs",
)  # fmt: skip
FILES = {
    "etc/fstab": f"LABEL={LABEL} / ext4 errors=remount-ro,x-systemd.growfs 0 1\n",
    "etc/hostname": "bookworm\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 bookworm\n::1 localhost ip6-localhost\n",
    "etc/machine-id": "",
    "etc/network/interfaces": "auto lo\niface lo inet loopback\n\nallow-hotplug eth0\niface eth0 inet dhcp\n",
    "etc/sudoers.d/vagrant": "vagrant ALL=(ALL) NOPASSWD: ALL\n",
    "etc/ssh/sshd_config.d/vagrant.conf": "UseDNS no\n",
    # No host key is in the box: each machine makes its own.
    "etc/systemd/system/ssh.service.d/keys.conf": "[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\n",
    "etc/dpkg/dpkg.cfg.d/box": "force-unsafe-io\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n",
    "boot/extlinux/extlinux.conf": (
        "DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n  LINUX /vmlinuz\n  INITRD /initrd.img\n"
        f"  APPEND root=LABEL={LABEL} ro console=tty0 console=ttyS0,115200n8 net.ifnames=0\n"
    ),
}
AUTHORITIES = Path("usr/local/share/ca-certificates")


def vagrant_key() -> str:
    """The public key that every new machine lets in until Vagrant has replaced it.

    :raises BuildError: when Vagrant is not installed
    """
    for path in sorted(Path("/usr/share/rubygems-integration/all/gems").glob("vagrant-*/keys/vagrant.pub")):
        return path.read_text()
    raise BuildError("vagrant is not installed: its key, keys/vagrant.pub, is missing")


def write_system(root: Path, packages: list[str]) -> None:
    """Install Debian and these packages into a folder, with this machine's mirrors and certificate authorities."""
    sources = mirrors()
    run("mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join([*PACKAGES, *packages])}",
        "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*", *apt_options(), "bookworm", root, *sources)  # fmt: skip
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for source in sources:
        if Path(source).suffix == ".sources":
            shutil.copy(source, root / "etc/apt/sources.list.d")
            (root / "etc/apt/sources.list").unlink(missing_ok=True)
    settings = "".join(f"{option.removeprefix('--aptopt=')};\n" for option in apt_options())
    (root / "etc/apt/apt.conf.d/80machine").write_text(settings)
    for certificate in (Path("/") / AUTHORITIES).rglob("*.crt"):
        shutil.copy(certificate, root / AUTHORITIES)
    run("chroot", root, "update-ca-certificates")
    run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "vagrant")
    folder = root / "home/vagrant/.ssh"
    folder.mkdir(mode=0o700)
    (folder / "authorized_keys").write_text(vagrant_key())
    run("chroot", root, "chown", "-R", "vagrant:vagrant", "/home/vagrant")


def write_box(target: Path, packages: list[str]) -> None:
    """Write the box file; it is there only when it is whole.

    :raises BuildError: when a program fails
    """
    with tempfile.TemporaryDirectory(prefix=".box-", dir=target.parent) as folder:
        work = Path(folder)
        write_system(work / "root", packages)
        write_disk(work / "disk.raw", DISK_GIB << 30, work / "root")
        shutil.rmtree(work / "root")
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", work / "disk.raw", work / "box.img")
        described = {"provider": "libvirt", "format": "qcow2", "virtual_size": DISK_GIB}
        (work / "metadata.json").write_text(json.dumps(described))
        with tarfile.open(work / "whole.box", "w") as box:
            box.add(work / "metadata.json", "metadata.json")
            box.add(work / "box.img", "box.img")
        (work / "whole.box").replace(target)


def main() -> int:
    """Make the box that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="the box file to write")
    parser.add_argument("packages", nargs="*", help="Debian packages to have in it beforehand")
    options = parser.parse_args()
    try:
        write_box(options.target.resolve(), options.packages)
    except (BuildError, OSError) as error:
        print(f"make_box: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
