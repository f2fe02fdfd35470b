"""`./tenrec bench NAME`: measure the deployed cloud. What is measured is in tests/bench."""

from pathlib import Path

from launcher import clouds, environment, machine
from launcher.checks.parts import run_visibly
from launcher.environment import DEPLOY, DEVELOP
from launcher.errors import LauncherError
from launcher.paths import CLOUDS

# What there is to measure, and what it says; each has a module of its name in tests/bench.
BENCHES = {
    "runs": "what a playbook run costs, and how soon requests take effect",
    "api": "what the API's answers cost",
}


def bench(name: str, report: Path | None) -> int:
    """Measure and print a table.

    :param report: a file that gets the figures as JSON
    :return: exit code: 0 when all was measured
    :raises LauncherError: when there is no cloud
    """
    machine.require_root()
    if not CLOUDS.exists():
        raise LauncherError("there is no cloud to measure", "./tenrec up")
    environment.ensure(DEPLOY, DEVELOP)
    words = [environment.program("python"), "-m", "tests.bench", name]
    if report is not None:
        words += ["--json", report.resolve()]
    return run_visibly(words, clouds.variables())
