"""The nodes' network is one for the whole machine, so one working copy at a time may use it."""

import os
import signal
import time
from pathlib import Path

from launcher import commands, network
from launcher.errors import LauncherError
from launcher.paths import RUN, STATE

OWNER = RUN / "owner"


def claim() -> None:
    """Take the nodes' network for this working copy.

    What a copy left running that has since been deleted is removed first: nobody else could.

    :raises LauncherError: when another working copy has it
    """
    owner = _owner()
    if owner is not None and owner != STATE:
        if owner.exists():
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


def _remove_leftovers() -> None:
    """End what runs in the deleted copy's namespaces, which are ours by name, and remove these."""
    for namespace in sorted(Path("/run/netns").glob(f"{network.NAMESPACE}-*")):
        for process in commands.output(["ip", "netns", "pids", namespace.name]).split():
            os.kill(int(process), signal.SIGKILL)
        time.sleep(0.2)
        commands.run(["ip", "netns", "delete", namespace.name])
    network.destroy()
