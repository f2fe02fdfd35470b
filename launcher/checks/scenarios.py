"""The roles' molecule scenarios, two at a time."""

import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from launcher import environment, image, machine
from launcher.checks.parts import Request
from launcher.checks.tally import Tally, from_junit
from launcher.environment import DEPLOY, DEVELOP
from launcher.errors import LauncherError
from launcher.locks import exclusive
from launcher.paths import LOGS, REPOSITORY, private_folder
from launcher.steps import seconds_since

AT_ONCE = 2
# Those that take longest begin first, so that the last one does not run alone.
LONGEST_FIRST = ("guest_image", "libvirt", "cloud_worker", "cloud_api", "ovn_controller", "rabbitmq", "mariadb")


def molecule(request: Request) -> Tally:
    """Run every role's scenarios, or those of the roles that are named; each on nodes of its own.

    :raises LauncherError: when a named role has no scenario
    """
    machine.require_root()
    environment.ensure(DEPLOY, DEVELOP)
    machine.install(machine.missing_packages(machine.NODE_PROGRAMS))
    with exclusive("nodes"):
        image.build()
    scenarios = _choose(request.words)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tallies = list(pool.map(lambda scenario: _run(request, *scenario), scenarios))
    return sum(tallies, Tally())


def _choose(roles: list[str]) -> list[tuple[str, str]]:
    """Pairs of role and scenario."""
    found = [
        (path.parent.parent.parent.name, path.parent.name)
        for path in (REPOSITORY / "roles").glob("*/molecule/*/molecule.yml")
    ]
    unknown = sorted(set(roles) - {role for role, _ in found})
    if unknown:
        known = ", ".join(sorted({role for role, _ in found}))
        raise LauncherError(f"no scenario of role {', '.join(unknown)}; there are those of {known}")
    order = {role: place for place, role in enumerate(LONGEST_FIRST)}
    chosen = [pair for pair in found if not roles or pair[0] in roles]
    return sorted(chosen, key=lambda pair: (order.get(pair[0], len(order)), pair))


def _run(request: Request, role: str, scenario: str) -> Tally:
    """One scenario: itself counts as one check, and each of its testinfra tests as one."""
    started = time.monotonic()
    name = role if scenario == "default" else f"{role}/{scenario}"
    log = private_folder(LOGS) / f"molecule-{role}-{scenario}.log"
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    with log.open("w") as stream:
        code = subprocess.run(
            [environment.program("molecule"), "test", "--scenario-name", scenario, "--destroy", "always"],
            cwd=REPOSITORY / "roles" / role,
            env={**os.environ, **environment.variables(), **_molecule_variables(role, scenario, report)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    tally = Tally.of(good=code == 0) + from_junit(report)
    request.steps.say(f"  {'passed' if code == 0 else 'FAILED'}  molecule {name} {seconds_since(started)}")
    if code != 0:
        for line in _last_words(log):
            request.steps.note(line)
        request.steps.note(f"read {log}")
    return request.record(f"molecule {name}", started, tally)


def _molecule_variables(role: str, scenario: str, report: Path) -> dict[str, str]:
    """Each scenario has a folder of its own, or two at once would tread on each other."""
    ephemeral = private_folder(LOGS.parent / "molecule") / f"{role}-{scenario}"
    shutil.rmtree(ephemeral, ignore_errors=True)
    return {
        "MOLECULE_EPHEMERAL_DIRECTORY": str(private_folder(ephemeral)),
        "PYTEST_ADDOPTS": f"--junitxml={report}",
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "PY_COLORS": "0",
    }


def _last_words(log: Path) -> list[str]:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "FAILED" in line or "fatal:" in line or "ERROR" in line or "Error" in line]
    return [line[:300] for line in telling[-8:]] or lines[-8:]
