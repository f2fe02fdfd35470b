"""Processes that a run leaves behind when it is stopped: Ansible's forks have sessions of their own and outlive it."""

import contextlib
import logging
import os
import signal
import time
from pathlib import Path

log = logging.getLogger(__name__)

# What the folder of a run is called, to tell it from the others beside it.
RUN_PREFIX = "run-"
# ansible-runner gives it to every process of a run; it names the run's folder.
MARK = b"AWX_ISOLATED_DATA_DIR="


def end_processes(folder: Path, patience_seconds: float = 5.0) -> int:
    """Kill every process of this user that belongs to a run in `folder` (or below it) and wait until all are gone.

    It looks again until it finds none, because a process may have forked between the look and the kill. Returns how
    many it killed. The masters of shared SSH connections have overwritten their environment with their title, so
    they are spared.
    """
    killed: set[int] = set()
    until = time.monotonic() + patience_seconds
    while (found := _processes_of(folder)) and time.monotonic() < until:
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        killed |= found
        time.sleep(0.02)
    if killed:
        log.info("ended %d processes of the stopped run in %s", len(killed), folder)
    return len(killed)


def _processes_of(folder: Path) -> set[int]:
    inside = (os.fsencode(folder), os.fsencode(folder.resolve()))
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            # Gone meanwhile, or another user's.
            continue
        marks = [each[len(MARK) :] for each in environment if each.startswith(MARK)]
        if any(mark == top or mark.startswith(top + b"/") for mark in marks for top in inside):
            found.add(int(entry.name))
    return found
