"""The parts of the test command: what each needs and what each runs."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher import clouds, environment, machine, nodes
from launcher.checks.tally import Tally, from_junit
from launcher.deployments import LAB
from launcher.environment import DEPLOY, DEVELOP, FUNCTIONAL
from launcher.paths import CLOUDS, LOGS, REPOSITORY, private_folder
from launcher.steps import Steps, seconds_since
from launcher.up import up

PYTHON_FOLDERS = ("tenrec", "launcher", "api", "collections", "roles", "molecule", "docs", "tests")
FUNCTIONAL_PROGRAMS = {
    "ovsdb-server": "openvswitch-common",
    "ovn-nbctl": "ovn-common",
    "qemu-img": "qemu-utils",
    "genisoimage": "genisoimage",
    "bwrap": "bubblewrap",
}


@dataclass
class Request:
    """What was asked of the test command."""

    steps: Steps
    words: list[str] = field(default_factory=list)
    results: list[tuple[str, float, Tally]] = field(default_factory=list)

    def record(self, name: str, started: float, tally: Tally) -> Tally:
        """Keep one line for the table at the end."""
        self.results.append((name, time.monotonic() - started, tally))
        return tally


def lint(request: Request) -> Tally:
    """ruff, import-linter, ansible-lint: no part of the machine but the virtual environment."""
    environment.ensure(DEPLOY, DEVELOP)
    folders = [folder for folder in PYTHON_FOLDERS if (REPOSITORY / folder).exists()]
    checks = {
        "ruff check": [environment.program("ruff"), "check", *folders],
        "ruff format": [environment.program("ruff"), "format", "--check", *folders],
        "import-linter": [environment.program("lint-imports"), "--no-logo"],
        "ansible-lint": [environment.program("ansible-lint"), "--offline", "--strict", "-q"],
    }
    return _run_checks(request, checks)


def docs(request: Request) -> Tally:
    """The documentation, with the references that are made of roles, modules and playbooks: one check."""
    environment.ensure(DEPLOY, DEVELOP)
    # Strict: a link that leads nowhere, or a page that no menu lists, fails it.
    return _run_checks(request, {"docs": [environment.program("mkdocs"), "build", "--strict"]})


def unit(request: Request) -> Tally:
    """pytest on SQLite; nothing else is needed."""
    environment.ensure(DEPLOY, DEVELOP)
    # Side by side when all of them run: starting a worker takes longer than a few tests do.
    return pytest(request, "unit", options=[] if request.words else ["--numprocesses=auto"])


def functional(request: Request) -> Tally:
    """pytest on the real engines' libraries: libvirt's test driver, a private ovsdb-server, ansible-runner."""
    environment.ensure(DEPLOY, DEVELOP)
    missing = machine.missing_packages(FUNCTIONAL_PROGRAMS) + environment.missing_build_packages()
    if missing:
        machine.require_root()
        request.steps.note(f"installing {', '.join(missing)}")
        machine.install(missing)
    environment.ensure(FUNCTIONAL)
    return pytest(request, "functional")


def acceptance(request: Request) -> Tally:
    """pytest against the deployed cloud, which is deployed first when there is none."""
    _deployed(request)
    return pytest(request, "acceptance", variables=clouds.variables())


def chaos(request: Request) -> Tally:
    """pytest against the deployed cloud while its parts are killed one after the other; prints the table."""
    _deployed(request)
    return pytest(request, "chaos", options=["--show-capture=all"], variables=clouds.variables())


def lab(request: Request) -> Tally:
    """pytest against the lab while its hosts fail one after the other; prints the table."""
    environment.ensure(DEPLOY, DEVELOP)
    if not LAB.report.exists():
        up(request.steps, LAB)
    return pytest(request, "lab")


def vagrant(request: Request) -> Tally:
    """pytest on a node with Vagrant, libvirt and a box made there; brings up one machine without KVM."""
    environment.ensure(DEPLOY, DEVELOP)
    machine.install(machine.missing_packages(machine.NODE_PROGRAMS))
    return pytest(request, "vagrant")


def _deployed(request: Request) -> None:
    environment.ensure(DEPLOY, DEVELOP)
    if not CLOUDS.exists() or not any(node.name == nodes.ALLINONE for node in nodes.all_nodes()):
        up(request.steps)


def pytest(
    request: Request, part: str, *, options: Sequence[str] = (), variables: dict[str, str] | None = None
) -> Tally:
    """Run pytest on a folder of tests; its output is the user's."""
    started = time.monotonic()
    report = private_folder(LOGS) / f"test-{part}.xml"
    report.unlink(missing_ok=True)
    words = [environment.program("pytest"), f"tests/{part}", "-q", f"--junitxml={report}", *options, *request.words]
    code = run_visibly(words, variables)
    tally = from_junit(report)
    if code != 0 and tally.failed == 0:
        # No test failed, and still: nothing was collected, or pytest itself broke.
        tally += Tally(failed=1)
    return request.record(part, started, tally)


def run_visibly(words: list[str | Path], variables: dict[str, str] | None = None) -> int:
    """Run a program whose output goes straight to the user; return its exit code."""
    sys.stdout.flush()
    settings = {**os.environ, **environment.variables(), **(variables or {})}
    return subprocess.run(
        [str(word) for word in words], cwd=REPOSITORY, env=settings, stdin=subprocess.DEVNULL
    ).returncode


def _run_checks(request: Request, checks: dict[str, list[str | Path]]) -> Tally:
    total = Tally()
    for name, words in checks.items():
        started = time.monotonic()
        good = run_visibly(words) == 0
        request.steps.say(f"  {'passed' if good else 'FAILED'}  {name} {seconds_since(started)}")
        total += request.record(name, started, Tally.of(good=good))
    return total
