"""What the launcher takes from the machine that it runs on: programs, apt's sources, certificate authorities."""

import os
import shutil
from pathlib import Path

from launcher import commands
from launcher.errors import LauncherError
from launcher.paths import LOGS, STATE, private_folder

DEBIAN_RELEASE = "bookworm"
INSTALLED_RECORD = STATE / "installed-packages"

# Programs that the nodes need on the machine, and the packages that have them.
NODE_PROGRAMS = {
    "podman": "podman",
    "crun": "crun",
    "mmdebstrap": "mmdebstrap",
    "slirp4netns": "slirp4netns",
    "nft": "nftables",
    "ip": "iproute2",
    "ping": "iputils-ping",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "losetup": "mount",
    "nsenter": "util-linux",
    "sysctl": "procps",
}

DEFAULT_SOURCES = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

# Settings without which a machine's sources may not answer in a node: its proxy, and mirrors that are frozen in time.
_CARRIED_APT_SETTINGS = (
    "Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::http::Proxy-Auto-Detect", "Acquire::Check-Valid-Until",
    "Acquire::Check-Date", "Acquire::https::CaInfo", "Acquire::https::Verify-Peer",
)  # fmt: skip

_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def require_root() -> None:
    """:raises LauncherError: when the user is not root"""
    if os.geteuid() != 0:
        raise LauncherError("root is needed to make hosts: run this with sudo, or as root")


def missing_packages(programs: dict[str, str]) -> list[str]:
    """Debian packages of those programs that are not on the machine."""
    return sorted({package for program, package in programs.items() if not shutil.which(program, path=_search_path())})


def install(packages: list[str]) -> None:
    """Install Debian packages on the machine, and record all that this adds, those drawn in included.

    :raises LauncherError: when there is no apt, or it fails
    """
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise LauncherError(f"missing on this machine: {', '.join(packages)}", "install these with its package manager")
    private_folder(STATE)
    before = _installed()
    log = LOGS / "machine-packages.log"
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    arguments = ["apt-get", "install", "-qy", "--no-install-recommends", *packages]
    if commands.run(arguments, check=False, environment=environment, log=log).returncode != 0:
        # The lists may be absent or older than the archive.
        commands.run(["apt-get", "update", "-q"], environment=environment, log=log)
        commands.run(arguments, environment=environment, log=log)
    with INSTALLED_RECORD.open("a") as stream:
        stream.writelines(f"{name}\n" for name in sorted(_installed() - before))


def purge() -> list[str]:
    """Remove the packages that `install` added; return their names."""
    recorded = INSTALLED_RECORD.read_text().split() if INSTALLED_RECORD.exists() else []
    names = sorted(set(recorded) & _installed()) if recorded else []
    if names:
        arguments = ["apt-get", "purge", "-qy", *names]
        commands.run(arguments, environment={"DEBIAN_FRONTEND": "noninteractive"}, log=LOGS / "machine-packages.log")
    return names


def _installed() -> set[str]:
    listing = commands.output(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
    return {line.split()[1] for line in listing.splitlines() if line.startswith("ii")}


def apt_sources() -> str:
    """The machine's apt sources in deb822 or one-line form when it is Debian 12 itself, else Debian's own."""
    if f"VERSION_CODENAME={DEBIAN_RELEASE}" not in Path("/etc/os-release").read_text():
        return DEFAULT_SOURCES
    folder = Path("/etc/apt/sources.list.d")
    deb822 = sorted(path for path in folder.glob("debian*.sources"))
    if deb822:
        return "\n\n".join(_without_comments(path) for path in deb822) + "\n"
    listed = [path for path in (Path("/etc/apt/sources.list"), *sorted(folder.glob("debian*.list"))) if path.exists()]
    lines = "\n".join(_without_comments(path) for path in listed)
    return lines + "\n" if "deb" in lines else DEFAULT_SOURCES


def apt_settings() -> str:
    """Those of the machine's apt settings that a node needs, one on each line."""
    found = []
    for line in commands.output(["apt-config", "dump"]).splitlines() if shutil.which("apt-config") else ():
        name = line.split(" ", 1)[0]
        if any(name.lower() == carried.lower() for carried in _CARRIED_APT_SETTINGS):
            found.append(line)
    return "\n".join(sorted(found))


def copy_authorities(root: Path) -> None:
    """Let a root file system trust the certificate authorities that the machine trusts."""
    if not _AUTHORITIES.exists():
        return
    bundle = root / str(_AUTHORITIES).lstrip("/")
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(_AUTHORITIES.read_bytes())
    local = Path("/usr/local/share/ca-certificates")
    for certificate in local.rglob("*.crt") if local.exists() else ():
        shutil.copy(certificate, root / "usr/local/share/ca-certificates")


def _without_comments(path: Path) -> str:
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")).strip()


def _search_path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
