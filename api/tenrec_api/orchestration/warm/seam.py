"""Stands in for the module `pexpect` in ansible_runner.runner, which starts every run with `pexpect.spawn`.

Inside of `warmed_by(keeper)` a run is forked from the keeper's zygote; else, and whenever the zygote does not serve
it, it is a process of its own, as ansible-runner means it to be.
"""

import contextlib
import os
import select
import signal
import socket
import termios
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Protocol

import pexpect
from pexpect import EOF, TIMEOUT, exceptions
from ptyprocess import PtyProcess

__all__ = ["EOF", "TIMEOUT", "exceptions", "spawn", "warmed_by"]

# What a terminal of pexpect's has: rows, columns.
TERMINAL_SIZE = (24, 80)
# How long a process that has closed its terminal may take to end, before the caller looks at its clock again.
END_MILLISECONDS = 50


# Its id, its pidfd, and the socket on which it says its exit code.
Process = tuple[int, int, socket.socket]


class Forks(Protocol):
    """What the seam needs of the keeper."""

    def fork(self, argv: list[str], cwd: str, env: dict[str, str], terminal: int) -> Process | None:
        """Have a run forked; see keeper.Keeper.fork."""


_keeper: ContextVar[Forks | None] = ContextVar("keeper", default=None)


@contextlib.contextmanager
def warmed_by(keeper: Forks | None) -> Iterator[None]:
    """What this thread spawns inside is forked by `keeper` when it can."""
    token = _keeper.set(keeper)
    try:
        yield
    finally:
        _keeper.reset(token)


class spawn(pexpect.spawn):
    """A run's process, whichever way it began. The name is the one that ansible-runner calls."""

    def _spawnpty(self, args: list[bytes], **options: Any) -> PtyProcess:
        keeper = _keeper.get()
        forked = _fork(keeper, args, options["cwd"], options["env"]) if keeper else None
        return forked or super()._spawnpty(args, **options)


def _fork(keeper: Forks, args: list[bytes], cwd: str, env: dict[str, str]) -> "Forked | None":
    controller, terminal = os.openpty()
    forked = None
    try:
        termios.tcsetwinsize(terminal, TERMINAL_SIZE)
        attributes = termios.tcgetattr(terminal)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        child = keeper.fork([os.fsdecode(each) for each in args], cwd, env, terminal)
        forked = Forked(*child, controller) if child else None
    finally:
        os.close(terminal)
        if forked is None:
            os.close(controller)
    return forked


class Forked(PtyProcess):
    """A process that another one forked. The kernel tells only its end; the exit code it says itself.

    `answer`: the socket on which it does, which is silent when a signal ended it.
    """

    def __init__(self, pid: int, pidfd: int, answer: socket.socket, controller: int):
        self._pidfd = pidfd
        self._answer = answer
        self._answer.setblocking(False)
        super().__init__(pid, controller)
        # The time that a process needs to die of its terminal's end; this one is dead when the terminal is closed.
        self.delayafterclose = 0

    def isalive(self) -> bool:
        """Whether it runs. Takes notice of its end."""
        if self.terminated:
            return False
        end = select.poll()
        end.register(self._pidfd, select.POLLIN)
        if not end.poll(END_MILLISECONDS if self.flag_eof else 0):
            return True
        # A fork of it may hold the socket open, so there may be neither an answer nor an end.
        try:
            said = self._answer.recv(16)
        except OSError:
            said = b""
        self.exitstatus = int(said) if said else None
        self.signalstatus = None if said else signal.SIGKILL
        self.terminated = True
        self._answer.close()
        os.close(self._pidfd)
        return False

    def kill(self, sig: int) -> None:
        """Send it a signal."""
        if self.isalive():
            signal.pidfd_send_signal(self._pidfd, sig)
