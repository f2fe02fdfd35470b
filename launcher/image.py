"""The root file system that all container nodes share: Debian 12 with systemd, made by mmdebstrap.

A node sees what a freshly installed Debian 12 server has, and no more: what the cloud needs, the roles install.
"""

import hashlib
import shutil
from pathlib import Path

from launcher import commands, machine
from launcher.paths import IMAGES, LOGS, PACKAGES, STATE, private_folder

PACKAGES_INCLUDED = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "python3", "python3-apt", "iproute2", "iputils-ping",
    "ca-certificates", "sudo", "kmod", "procps", "nftables", "cron-daemon-common", "netbase",
)  # fmt: skip

# Units that manage hardware, consoles or the kernel: those belong to the machine, not to a node on it.
MASKED_UNITS = (
    "systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service", "systemd-udev-settle.service", "systemd-modules-load.service",
    "systemd-binfmt.service",
    "proc-sys-fs-binfmt_misc.automount", "proc-sys-fs-binfmt_misc.mount", "systemd-logind.service",
    "getty.target", "getty@.service", "serial-getty@.service", "console-getty.service", "kmod-static-nodes.service",
    "systemd-hwdb-update.service", "systemd-firstboot.service", "systemd-remount-fs.service", "systemd-pstore.service",
    "systemd-random-seed.service", "systemd-machine-id-commit.service", "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service",
    "dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    "sys-kernel-config.mount", "sys-fs-fuse-connections.mount", "apt-daily.timer", "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "systemd-tmpfiles-clean.timer",
)  # fmt: skip

FILES = {
    # Packages unpack in a third of the time; a node's disk need not survive a power cut.
    "etc/dpkg/dpkg.cfg.d/tenrec-node": (
        "force-unsafe-io\n"
        "path-exclude=/usr/share/man/*\n"
        "path-exclude=/usr/share/doc/*\n"
        "path-include=/usr/share/doc/*/copyright\n"
        "path-exclude=/usr/share/locale/*\n"
        "path-exclude=/usr/share/info/*\n"
    ),
    "etc/apt/apt.conf.d/90tenrec-node": (
        'APT::Install-Recommends "false";\n'
        'Acquire::Languages "none";\n'
        'APT::Keep-Downloaded-Packages "true";\n'
        'Binary::apt::APT::Keep-Downloaded-Packages "true";\n'
        'APT::Periodic::Enable "0";\n'
        'Dpkg::Use-Pty "0";\n'
    ),
    # The machine's clock and kernel modules are not a node's to change.
    "etc/systemd/system.conf.d/tenrec-node.conf": (
        "[Manager]\nCapabilityBoundingSet=~CAP_SYS_TIME CAP_SYS_MODULE\nDefaultTimeoutStopSec=20s\n"
    ),
    # Of the kernel's settings only those of the network belong to the node: the rest are the machine's.
    "etc/systemd/system/tenrec-node-sysctl.service": (
        "[Unit]\nDescription=Keep the machine's kernel settings out of reach\nDefaultDependencies=no\n"
        "Before=systemd-sysctl.service sysinit.target\n\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        "ExecStart=/bin/mount --bind /proc/sys /proc/sys\n"
        "ExecStart=/bin/mount --bind /proc/sys/net /proc/sys/net\n"
        "ExecStart=/bin/mount -o remount,bind,ro /proc/sys\n"
    ),
    "etc/systemd/journald.conf.d/tenrec-node.conf": "[Journal]\nReadKMsg=no\nSystemMaxUse=64M\nRuntimeMaxUse=64M\n",
    "etc/ssh/sshd_config.d/tenrec-node.conf": (
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\nUseDNS no\nMaxStartups 50\nMaxSessions 50\n"
    ),
}


def ready() -> Path | None:
    """The image that the present description asks for, if it has been built."""
    root = _folder() / "root"
    return root if (_folder() / "complete").exists() else None


def build() -> Path:
    """Build the image unless it is there; remove those of older descriptions that no node uses.

    :return: the folder of the root file system, to be used as the lower layer of a node's own
    """
    existing = ready()
    if existing:
        return existing
    folder = _folder()
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(IMAGES)
    private_folder(folder)
    private_folder(PACKAGES)
    commands.run(_mmdebstrap(folder / "root"), log=LOGS / "image.log")
    _adapt(folder / "root")
    (folder / "complete").touch()
    return folder / "root"


def name() -> str:
    """The image's name, made from all that decides what is in it."""
    described = repr(
        (PACKAGES_INCLUDED, MASKED_UNITS, sorted(FILES.items()), machine.apt_sources(), machine.apt_settings())
    )
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def _folder() -> Path:
    return IMAGES / name()


def _mmdebstrap(root: Path) -> list[str | Path]:
    return [
        "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
        f"--include={','.join(PACKAGES_INCLUDED)}",
        "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
        '--aptopt=Acquire::Languages "none"',
        *(f"--aptopt={line}" for line in machine.apt_settings().splitlines()),
        # The lists stay, so that a node can install at once; apt itself says when they are too old.
        "--skip=cleanup/apt/lists",
        machine.DEBIAN_RELEASE, str(root), _sources_file(),
    ]  # fmt: skip


def _sources_file() -> Path:
    path = STATE / "apt.sources"
    path.write_text(machine.apt_sources())
    return path


def _adapt(root: Path) -> None:
    """Give the file system what makes it a container node."""
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    units = root / "etc/systemd/system"
    for unit in MASKED_UNITS:
        _link(units / unit, "/dev/null")
    _link(units / "sysinit.target.wants/tenrec-node-sysctl.service", "/etc/systemd/system/tenrec-node-sysctl.service")
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    machine.copy_authorities(root)
    if machine.apt_settings():
        (root / "etc/apt/apt.conf.d/80machine").write_text(machine.apt_settings() + "\n")
    (root / "etc/machine-id").write_text("")
    stamp = root / "var/lib/apt/periodic/update-success-stamp"
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
