"""Locks between launchers that run side by side on one machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from launcher.paths import STATE, private_folder


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Hold the lock of that name; wait for it as long as another launcher has it."""
    private_folder(STATE)
    with (STATE / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
