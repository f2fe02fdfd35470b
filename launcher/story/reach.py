"""Reaching a server from the machine's own shell: ping, HTTP, SSH."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from launcher.commands import run
from launcher.paths import SSH, write_private

# The first answer takes a guest's whole boot; under emulation on a busy machine that can be a minute.
PATIENCE_SECONDS = 180
USER = "guest"
GUEST_KEY = SSH / "id_ed25519"
KNOWN_GUESTS = SSH / "known_guests"

Answer = TypeVar("Answer")


class Unreachable(Exception):
    """The server did not answer in time, or with something else than it should."""


def wait_for_ping(address: str) -> None:
    """:raises Unreachable: when no echo comes back in time"""
    _until(
        lambda: run(["ping", "-n", "-c", "1", "-W", "1", address], check=False).returncode == 0 or None,
        f"{address} does not answer ping",
    )


def wait_for_page(address: str, wanted: str) -> str:
    """Wait for a web page that has a certain word in it, and return the first line of text with that word.

    :raises Unreachable: when there is none in time
    """

    def fetch() -> str | None:
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:
                page = answer.read(10_000).decode(errors="replace").strip()
        except (urllib.error.URLError, OSError):
            return None
        text = re.sub(r"<[^>]*>", "", page)
        return next((line.strip() for line in text.splitlines() if wanted in line), None)

    return _until(fetch, f"http://{address}/ has no page with {wanted!r} in it")


def wait_for_shell(address: str, command: str) -> str:
    """Run a command over SSH as soon as the server lets us in, and return what it printed.

    :raises Unreachable: when it does not, or the command fails, for too long
    """

    def ask() -> str | None:
        answer = run([*shell(address), command], check=False)
        return answer.stdout.strip() if answer.returncode == 0 else None

    return _until(ask, f"`{command}` over SSH on {address} fails")


def shell(address: str) -> list[str]:
    """The ssh command that opens a shell on the server."""
    return ["ssh", "-i", str(GUEST_KEY), "-o", f"UserKnownHostsFile={KNOWN_GUESTS}", "-o", "IdentitiesOnly=yes",
            "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5",
            f"{USER}@{address}"]  # fmt: skip


def write_configuration(path: Path, addresses: dict[str, str]) -> None:
    """Let a user reach servers by name: `ssh -F .tenrec/ssh/config NAME`."""
    write_private(
        path,
        "".join(
            f"Host {name}\n  HostName {address}\n  User {USER}\n  IdentityFile {GUEST_KEY}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {KNOWN_GUESTS}\n  StrictHostKeyChecking accept-new\n"
            for name, address in addresses.items()
        ),
    )


def forget(address: str) -> None:
    """Drop the host key of an address that now belongs to a new server."""
    if KNOWN_GUESTS.exists():
        run(["ssh-keygen", "-q", "-R", address, "-f", KNOWN_GUESTS], check=False)


def _until(ask: Callable[[], Answer | None], complaint: str) -> Answer:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(0.3)
    raise Unreachable(f"{complaint} after {PATIENCE_SECONDS} s")
