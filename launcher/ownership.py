"""The nodes' network is one for the whole machine, so one working copy at a time may use it."""

import os
import shutil
import signal
import time
from pathlib import Path

from launcher import commands, mounts, network
from launcher.errors import LauncherError
from launcher.paths import RUN, STATE

OWNER = RUN / "owner"


def claim() -> None:
    """Take the nodes' network for this working copy.

    What another copy has left there and does not run any more is removed first: it was killed, or has been deleted.

    :raises LauncherError: when another working copy runs nodes
    """
    owner = _owner()
    if owner is not None and owner != STATE:
        if owner.exists() and _in_use():
            copy = owner.parent
            raise LauncherError(f"the working copy in {copy} runs nodes on this machine", f"{copy}/tenrec down")
        _remove_leftovers()
    RUN.mkdir(parents=True, exist_ok=True)
    OWNER.write_text(str(STATE))


def ours() -> bool:
    """Tell whether the network belongs to this working copy, or to none."""
    return _owner() in (None, STATE)


def _owner() -> Path | None:
    return Path(OWNER.read_text()) if OWNER.exists() else None


def _in_use() -> bool:
    """Whether a node runs, or the way out that a copy starts before its first node."""
    return network.way_out_runs() or any(_processes(namespace) for namespace in _node_namespaces())


def _remove_leftovers() -> None:
    """End what runs in the other copy's namespaces, which are ours by name, and remove these and its mounts."""
    for namespace in _node_namespaces():
        for process in _processes(namespace):
            os.kill(process, signal.SIGKILL)
        time.sleep(0.2)
        commands.run(["ip", "netns", "delete", namespace])
    network.destroy()
    mounts.destroy()
    shutil.rmtree(RUN, ignore_errors=True)


def _node_namespaces() -> list[str]:
    return [path.name for path in sorted(Path("/run/netns").glob(f"{network.NAMESPACE}-*"))]


def _processes(namespace: str) -> list[int]:
    return [int(process) for process in commands.output(["ip", "netns", "pids", namespace]).split()]
