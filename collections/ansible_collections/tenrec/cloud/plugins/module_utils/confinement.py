"""Programs that open a tenant's image run where a hole in them is worth nothing.

An image is a program for its parser: qcow2 and VMDK headers name other files, and parsers have had bugs. bubblewrap
gives the program an empty root with the system's libraries and the named files, no network, no other processes, no
privileges.
"""

from __future__ import annotations

import pathlib
import subprocess

ADDRESS_SPACE_BYTES = 1 << 30
PATH = "/usr/sbin:/usr/bin"


def confined_command(
    command,
    readable=(),
    writable=(),
    cpu_seconds=30,
    address_space=ADDRESS_SPACE_BYTES,
    owner=(0, 0),
    network=False,
):
    """The argument list that runs `command` confined.

    Arguments: readable, writable: dicts of the path inside to the path outside. cpu_seconds, address_space (bytes):
    limits.
    owner: (uid, gid) to run as, so that the files can be opened: without capabilities root may open its own files
    alone.
    network: whether it may use the host's.
    """
    uid, gid = owner
    sandbox = [
        "bwrap", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH", PATH,
        *(() if network else ("--unshare-net",)), "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
        "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
        "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--dev", "/dev",
    ]  # fmt: skip
    for inside, outside in dict(readable).items():
        sandbox += ["--ro-bind", str(outside), inside]
    for inside, outside in dict(writable).items():
        sandbox += ["--bind", str(outside), inside]
    return [
        *sandbox, "--",
        "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
        "--inh-caps=-all", "--bounding-set=-all",
        "prlimit", f"--cpu={cpu_seconds}", f"--as={address_space}", "--core=0", "--",
        *command,
    ]  # fmt: skip


def owner_of(path):
    """(uid, gid) of a file."""
    status = pathlib.Path(path).stat()
    return status.st_uid, status.st_gid


def run(command, timeout):
    """Run an argument list. Returns its output.

    Raises RuntimeError with the program's own words, or saying that it took longer than `timeout` seconds.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it took longer than {timeout:.0f} seconds") from None
    if done.returncode != 0:
        words = done.stderr.strip() or f"it ended with status {done.returncode}"
        raise RuntimeError(words)
    return done.stdout
