"""Reaching nodes over SSH: one key for the launcher, a host key for each node, both made here and known beforehand."""

import os
import time
from pathlib import Path

from launcher import commands
from launcher.errors import LauncherError
from launcher.paths import SSH, private_folder

KEY = SSH / "id_ed25519"
KNOWN_HOSTS = SSH / "known_hosts"


def ensure_key() -> Path:
    """Make the launcher's key pair unless it is there, and return the private half."""
    if not KEY.exists():
        private_folder(SSH)
        commands.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tenrec launcher", "-f", KEY])
    return KEY


def install_keys(root: Path, address: str) -> None:
    """Give a node its host key and the launcher's public key, and remember the host key for its address."""
    key = root / "etc/ssh/ssh_host_ed25519_key"
    key.parent.mkdir(parents=True, exist_ok=True)
    commands.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", address, "-f", key])
    authorized = private_folder(root / "root/.ssh") / "authorized_keys"
    authorized.write_text(ensure_key().with_suffix(".pub").read_text())
    authorized.chmod(0o600)
    forget(address)
    algorithm, public = key.with_suffix(".pub").read_text().split()[:2]
    with KNOWN_HOSTS.open("a") as stream:
        stream.write(f"{address} {algorithm} {public}\n")
    KNOWN_HOSTS.chmod(0o600)


def forget(address: str) -> None:
    """Drop the host key of an address."""
    if KNOWN_HOSTS.exists():
        kept = [line for line in KNOWN_HOSTS.read_text().splitlines(keepends=True) if line.split()[0] != address]
        KNOWN_HOSTS.write_text("".join(kept))


def options() -> list[str]:
    """Options that every connection to a node takes: our key, strict checking against our own list of hosts."""
    return [
        "-i", str(KEY), "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={KNOWN_HOSTS}",
        "-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10",
        "-o", "LogLevel=ERROR", "-F", "none",
    ]  # fmt: skip


def command(address: str, arguments: list[str]) -> list[str]:
    """The ssh command that runs something (or a shell) as root on the node of that address."""
    return ["ssh", *options(), f"root@{address}", *arguments]


def connect(address: str, arguments: list[str]) -> None:
    """Become that ssh command, so that terminal, signals and exit code are its own. Does not return."""
    words = command(address, arguments)
    os.execvp(words[0], words)


def wait(address: str, seconds: float) -> None:
    """Wait until the node lets us in.

    :raises LauncherError: when it does not within that time
    """
    deadline = time.monotonic() + seconds
    while True:
        result = commands.run(command(address, ["true"]), check=False)
        if result.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise LauncherError(
                f"the node at {address} does not answer over SSH after {seconds:.0f} s: {result.stderr.strip()[-200:]}",
                "see what its systemd says: ./tenrec node console NAME",
            )
        time.sleep(0.2)
