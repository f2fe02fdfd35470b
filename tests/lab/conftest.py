"""The lab under faults, and the table of how long it took until the cloud was true again."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import pytest

from launcher import partitions
from launcher.deployments import LAB
from launcher.paths import LOGS, private_folder
from tests.lab.cloud import Lab

RESULTS = pytest.StashKey[list["Result"]]()
# From the end of a fault until everything is as it should be.
LIMIT_SECONDS = 60.0
DOWN_LIMIT_SECONDS = 30.0


@dataclass(frozen=True)
class Result:
    """One line of the table: `down` after how many seconds the host was shown as down (None: not asked)."""

    fault: str
    down: float | None
    healed: float


@dataclass
class Table:
    """Waits, and keeps what it took."""

    lab: Lab
    results: list[Result]

    def seconds_until(self, question: Callable[[], object], limit: float, what: str) -> float:
        """How long it takes until the answer is true; fails after `limit` seconds."""
        started = time.monotonic()
        while not question():
            assert time.monotonic() - started < limit, f"after {limit:g} s: {what}"
            time.sleep(0.5)
        return time.monotonic() - started

    def shown_as_down(self, host: str) -> float:
        """How long it takes, from now, until a host is shown as down."""
        return self.seconds_until(
            lambda: host in self.lab.hosts_down(), DOWN_LIMIT_SECONDS, f"{host} is still shown as up"
        )

    def healed(self, fault: str, down: float | None = None) -> None:
        """Wait, from now, until nothing is wrong any more, and keep the line."""
        started = time.monotonic()
        while complaints := self.lab.complaints():
            took = time.monotonic() - started
            assert took < LIMIT_SECONDS, f"{took:.0f} s after {fault}: {'; '.join(complaints)}"
            time.sleep(0.5)
        self.results.append(Result(fault, down, time.monotonic() - started))


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The deployed lab."""
    if not LAB.report.exists():
        pytest.fail("there is no lab to try; run ./tenrec lab up first")
    return Lab()


@pytest.fixture
def table(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Table]:
    """The table's lines so far. The lab is whole before a test, and what the test asked for is gone after it."""
    assert lab.complaints() == []
    yield Table(lab, request.config.stash.setdefault(RESULTS, []))
    partitions.heal()
    lab.remove_what_was_asked_for()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and keep it as JSON."""
    results = config.stash.get(RESULTS, [])
    if not results:
        return
    written = json.dumps([asdict(each) for each in results], indent=1) + "\n"
    (private_folder(LOGS) / "lab-faults.json").write_text(written)
    terminalreporter.write_line("")
    terminalreporter.write_line(f"{'fault':<52}{'shown as down':>14}{'true again':>14}")
    for each in results:
        down = "" if each.down is None else f"{each.down:.1f} s"
        terminalreporter.write_line(f"{each.fault:<52}{down:>14}{each.healed:>12.1f} s")
