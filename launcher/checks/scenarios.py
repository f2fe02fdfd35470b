"""The molecule scenarios: those of the roles, two at a time, then those of whole clouds."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from launcher import environment, image, machine, prepared
from launcher.checks.parts import Request
from launcher.checks.tally import Tally, from_junit
from launcher.deployments import LAB
from launcher.environment import DEPLOY, DEVELOP
from launcher.errors import LauncherError
from launcher.locks import exclusive
from launcher.paths import LOGS, REPOSITORY, private_folder
from launcher.steps import seconds_since

AT_ONCE = 2
# Those that take longest begin first, so that the last one does not run alone.
LONGEST_FIRST = ("guest_image", "libvirt", "cloud_worker", "cloud_api", "ovn_controller", "rabbitmq", "mariadb")

_FAILED_TASK = re.compile(r"(?:fatal|failed): (?P<where>\[.*?\].*?)(?:: FAILED!)? => (?P<answer>\{.*\})$")


@dataclass(frozen=True)
class Scenario:
    """A folder with a `molecule.yml`; its project is a role, or the repository for a whole cloud."""

    folder: Path

    @property
    def project(self) -> Path:
        """Where molecule must be started."""
        return self.folder.parent.parent

    @property
    def of_a_cloud(self) -> bool:
        """Whether it deploys a whole cloud."""
        return self.project == REPOSITORY

    @property
    def chosen_by(self) -> str:
        """The word by which it is asked for: a role has several scenarios, a cloud is one."""
        return self.folder.name if self.of_a_cloud else self.project.name

    @property
    def name(self) -> str:
        """As the table shows it."""
        alone = self.of_a_cloud or self.folder.name == "default"
        return self.chosen_by if alone else f"{self.chosen_by}/{self.folder.name}"


def molecule(request: Request) -> Tally:
    """Run all scenarios, or those of the roles and clouds that are named; each on nodes of its own.

    :raises LauncherError: when something is named that has no scenario
    """
    machine.require_root()
    environment.ensure(DEPLOY, DEVELOP)
    machine.install(machine.missing_packages(machine.NODE_PROGRAMS))
    with exclusive("nodes"):
        image.build()
    scenarios = choose(request.words)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tallies = list(pool.map(lambda each: _run(request, each), [each for each in scenarios if not each.of_a_cloud]))
    clouds = [each for each in scenarios if each.of_a_cloud]
    if LAB.name in {each.name for each in clouds}:
        _prepare(request)
    # One at a time: a cloud keeps the whole machine busy.
    tallies += [_run(request, each) for each in clouds]
    return sum(tallies, Tally())


def _prepare(request: Request) -> None:
    """Make what the lab's nodes begin with, all kinds together; the scenario itself would do it kind by kind."""
    started = time.monotonic()
    if prepared.prepare(request.steps, LAB.hosts()):
        request.record("packages of the lab's hosts", started, Tally())


def choose(words: list[str]) -> list[Scenario]:
    """The scenarios of these roles and clouds, or all, in the order in which they begin.

    :raises LauncherError: when one has none
    """
    paths = [*(REPOSITORY / "roles").glob("*/molecule/*/molecule.yml"), *REPOSITORY.glob("molecule/*/molecule.yml")]
    found = [Scenario(path.parent) for path in paths]
    known = sorted({each.chosen_by for each in found})
    unknown = sorted(set(words) - set(known))
    if unknown:
        raise LauncherError(f"no scenario of {', '.join(unknown)}; there are those of {', '.join(known)}")
    order = {role: place for place, role in enumerate(LONGEST_FIRST)}
    chosen = [each for each in found if not words or each.chosen_by in words]
    return sorted(chosen, key=lambda each: (each.of_a_cloud, order.get(each.chosen_by, len(order)), each.name))


def _run(request: Request, scenario: Scenario) -> Tally:
    """One scenario: itself counts as one check, and each of its testinfra tests as one."""
    started = time.monotonic()
    file_name = f"{scenario.chosen_by}-{scenario.folder.name}"
    log = private_folder(LOGS) / f"molecule-{file_name}.log"
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    with log.open("w") as stream:
        code = subprocess.run(
            [environment.program("molecule"), "test", "--scenario-name", scenario.folder.name, "--destroy", "always"],
            cwd=scenario.project,
            env={**os.environ, **environment.variables(), **_molecule_variables(file_name, report)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    tally = Tally.of(good=code == 0) + from_junit(report)
    request.steps.say(f"  {'passed' if code == 0 else 'FAILED'}  molecule {scenario.name} {seconds_since(started)}")
    if code != 0:
        for line in _last_words(log):
            request.steps.note(line)
        request.steps.note(f"read {log}")
    return request.record(f"molecule {scenario.name}", started, tally)


def _molecule_variables(file_name: str, report: Path) -> dict[str, str]:
    """Each scenario has a folder of its own, or two at once would tread on each other."""
    ephemeral = private_folder(LOGS.parent / "molecule") / file_name
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
    """The lines that tell why a scenario failed: what a failed task answered, and what molecule says of it."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [told for line in lines for told in _tell(line)]
    return [line[:300] for line in telling[-12:]] or lines[-8:]


def _tell(line: str) -> list[str]:
    """What a line says of a failure: of a failed task the message and the end of what its program printed."""
    failed = _FAILED_TASK.match(line)
    if failed:
        with contextlib.suppress(json.JSONDecodeError):
            answer = json.loads(failed["answer"])
            printed = f"{answer.get('stdout', '')}\n{answer.get('stderr', '')}".strip()
            return [f"{failed['where']}: {answer.get('msg', '')}", *printed.splitlines()[-4:]]
    return [line] if any(word in line for word in ("FAILED", "ERROR", "Error")) else []
