"""Steps that a user sees: a line when one starts, a line with its seconds when it ends."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from launcher.errors import LauncherError


class StepFailed(LauncherError):
    """A step failed; carries the step's name beside cause and advice."""

    def __init__(self, step: str, error: LauncherError) -> None:
        super().__init__(error.cause, error.advice)
        self.step = step


class Steps:
    """Prints the progress of a command. Steps may run side by side: each prints whole lines only."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self.changed = False
        self._lock = threading.Lock()

    def say(self, line: str = "") -> None:
        """Print one line."""
        with self._lock:
            print(line, flush=True)

    def note(self, line: str) -> None:
        """Print one line that belongs to a step."""
        self.say(f"          {line}")

    @contextmanager
    def step(self, name: str) -> Iterator["Outcome"]:
        """Announce a step, run the block, and say how long it took and what came of it.

        :raises StepFailed: when the block raises a LauncherError
        """
        outcome = Outcome()
        started = time.monotonic()
        self.say(f"  start   {name}")
        try:
            yield outcome
        except LauncherError as error:
            self.say(f"  FAILED  {name} {seconds_since(started)}")
            raise StepFailed(name, error) from error
        self.changed |= outcome.changed
        self.say(f"  done    {name} {seconds_since(started)}{': ' if outcome.text else ''}{outcome.text}")

    def together(self, *branches: Callable[[], None]) -> None:
        """Run branches of steps side by side; the first failure is raised when all have ended."""
        with ThreadPoolExecutor(len(branches)) as pool:
            running = [pool.submit(branch) for branch in branches]
        for branch in running:
            branch.result()


class Outcome:
    """What a step says about itself when it has ended."""

    def __init__(self) -> None:
        self.text = ""
        self.changed = False

    def set(self, text: str, *, changed: bool) -> None:
        """Say in a few words what was done, and whether anything was."""
        self.text = text
        self.changed = changed


def seconds_since(started: float) -> str:
    """The time since then, to read."""
    return f"({time.monotonic() - started:.1f} s)"


def report(error: LauncherError) -> None:
    """Say on standard error what failed, why, and what to try."""
    where = f"step {error.step!r} failed" if isinstance(error, StepFailed) else "tenrec"
    print(f"\n{where}: {error.cause}", file=sys.stderr)
    if error.advice:
        print(f"try: {error.advice}", file=sys.stderr)
