"""The deployed all-in-one under faults, and the table of what became of the requests."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pytest

from launcher import nodes
from launcher.paths import LOGS, private_folder
from tests.acceptance.host import Host
from tests.chaos import ground as grounds
from tests.chaos.ground import Ground

RESULTS = pytest.StashKey[list["Result"]]()


@dataclass(frozen=True)
class Result:
    """One line of the table. `requests` were answered with 2xx, `refused` were not; `seconds` from the fault on."""

    fault: str
    requests: int
    refused: int
    carried_out: int
    with_cause: int
    stuck: int
    orphans: int
    seconds: float


@pytest.fixture(scope="session")
def host() -> Host:
    """The all-in-one host, looked at from the inside."""
    return Host(nodes.find(nodes.ALLINONE))


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """A project with a network; gone when the tests have ended."""
    with grounds.made() as made:
        yield made


@pytest.fixture
def results(request: pytest.FixtureRequest) -> list[Result]:
    """The lines so far; what is added is printed at the end."""
    return request.config.stash.setdefault(RESULTS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and keep it as JSON."""
    results = config.stash.get(RESULTS, [])
    if not results:
        return
    (private_folder(LOGS) / "chaos.json").write_text(json.dumps([asdict(each) for each in results], indent=1) + "\n")
    columns = ("requests", "refused", "carried out", "ERROR, cause", "stuck", "orphans", "seconds")
    terminalreporter.write_line("")
    terminalreporter.write_line(f"{'fault':<26}" + "".join(f"{each:>14}" for each in columns))
    for each in results:
        *numbers, seconds = list(asdict(each).values())[1:]
        terminalreporter.write_line(f"{each.fault:<26}" + "".join(f"{n:>14}" for n in numbers) + f"{seconds:>14.1f}")
