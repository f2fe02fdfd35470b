"""What a host holds, for the comparison with what the database wants. Everything here only reads."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import uuid

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")
FIRST_PROCESS = pathlib.Path("/proc/1/stat")
# In /proc/<pid>/stat, counted behind the command's name, which may hold blanks: ticks since the kernel's start.
START_TIME = 19


def uuid_names(folder):
    """The paths in a folder that are named by a UUID, sorted; none when there is no such folder."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for path in sorted(pathlib.Path(folder).iterdir()):
            with contextlib.suppress(ValueError):
                if str(uuid.UUID(path.name)) == path.name:
                    found.append(path)
    return found


def sizes(folder):
    """The files of a folder that are named by a UUID, as `id` and `size` in bytes."""
    found = []
    for path in uuid_names(folder):
        # It may go just now.
        with contextlib.suppress(FileNotFoundError):
            found.append({"id": path.name, "size": path.stat().st_size})
    return found


def off_with_host(servers):
    """The states of servers (`LibvirtHost.servers`), told apart by who switched them off.

    A host that goes down asks its guests to shut down first; that is no guest's own will, and becomes `host`.
    """
    if not any(reason == "shutdown" for _state, reason in servers.values()) or not _host_is_stopping():
        return servers
    return {
        server_id: (state, "host" if reason == "shutdown" else reason) for server_id, (state, reason) in servers.items()
    }


def _host_is_stopping():
    try:
        asked = subprocess.run(
            ["systemctl", "is-system-running"], capture_output=True, text=True, timeout=10, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return asked.stdout.strip() == "stopping"


def boot_of_host():
    """A text that is another one after each start of the host.

    The kernel's own id would do for a machine; a container starts anew under the same kernel, and has a new first
    process then.
    """
    started = FIRST_PROCESS.read_text().rpartition(")")[2].split()[START_TIME]
    return f"{BOOT_ID.read_text().strip()}/{started}"
