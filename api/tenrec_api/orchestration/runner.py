"""The one door to ansible-runner: a workflow's name and items go in, what became of each item comes out."""

import importlib.util
import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible_runner

from tenrec_api.config import Worker
from tenrec_api.models.base import now
from tenrec_api.orchestration import leftovers, variables
from tenrec_api.orchestration.archive import Archive
from tenrec_api.orchestration.events import KILLED, Collector, Fault, Outcome, RunResult
from tenrec_api.orchestration.warm import seam
from tenrec_api.orchestration.warm.keeper import Keeper

# Modules keep to the deadline themselves; a run is stopped by force only this much later, so that they can say why.
GRACE_SECONDS = 15
# How often a run looks whether it was cancelled or is over time.
POLL_SECONDS = 0.25
# ansible-runner drops results larger than this; a console log of some megabytes must pass.
LARGEST_RESULT = 64 * 1024 * 1024

# Exit codes by which a shell tells which signal ended a program.
SIGNALS_FROM, SIGNALS_TO = 128, 160

# ansible-runner starts the process of every run with this module's `spawn`, and offers no other way to choose how.
ansible_runner.runner.pexpect = seam

Items = Sequence[Mapping[str, Any]]


def never() -> bool:
    """The cancel callback of a run that nobody cancels."""
    return False


class Runner:
    """Runs the playbooks of the collection `tenrec.cloud`. Several threads may run at once."""

    def __init__(self, settings: Worker, collection: str = "tenrec.cloud", grace_seconds: float = GRACE_SECONDS):
        self._settings = settings
        self._collection = collection
        self._grace = grace_seconds
        self._folder = Path(settings.run_directory)
        self._archive = Archive(settings, collection)
        self._keeper: Keeper | None = None

    def start(self) -> None:
        """Make runs fast from now on, when the settings say so; until then, and without, each is right but slow."""
        if not self._settings.warm:
            return
        folder = self._folder / "probe"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            config = self._prepare("none", folder, Collector([]), 1, never, False).config
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._keeper = Keeper(config.env, config.cwd, self._watched(), self._folder, self._collection)
        self._keeper.start()

    def wait_warm(self, seconds: float = 60.0) -> bool:
        """Wait until runs are fast. Returns whether they are."""
        return self._keeper is not None and self._keeper.wait(seconds)

    def stop(self) -> None:
        """Undo `start`."""
        if self._keeper is not None:
            self._keeper.stop()
            self._keeper = None

    def _watched(self) -> list[Path]:
        """What Ansible reads once, and a run would read anew: its settings, the collection, Ansible itself."""
        packages = [importlib.util.find_spec(name).origin for name in ("ansible", "ansible.release", "ansible_runner")]
        name = self._collection.split(".")
        folders = self._settings.collections_path.split(os.pathsep)
        collections = [Path(folder, "ansible_collections", *name) for folder in folders]
        return [Path(self._settings.ansible_config), *collections, *map(Path, packages)]

    def clean(self) -> None:
        """End what an earlier worker's runs left behind, processes and folders; call it before the first run."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        leftovers.end_processes(self._folder)
        for each in self._folder.glob(f"{leftovers.RUN_PREFIX}*"):
            shutil.rmtree(each, ignore_errors=True)

    def run(
        self,
        kind: str,
        items: Items,
        nodes: Mapping[str, str],
        deadline: int,
        cancelled: Callable[[], bool] = never,
        check: bool = False,
        keep: bool = True,
    ) -> RunResult:
        """Run the playbook `kind` for `items`, each with a unique `id`, within `deadline` seconds.

        `cancelled` is asked several times a second. `check`: nothing is changed, and the result's `diffs` tell what
        would be. `keep`: whether a record of the run is kept. Whatever goes wrong is in the result, not an exception;
        an item that cannot be passed on verbatim fails alone.
        """
        refused, passable = _sort_out(items)
        if items and not passable:
            return RunResult("failed", outcomes=refused)
        run_id = str(uuid.uuid4())
        folder = self._folder / f"{leftovers.RUN_PREFIX}{run_id}"
        collector = Collector(passable)
        started_at, began = now(), time.monotonic()
        status = "failed"
        try:
            folder.mkdir(mode=0o700, parents=True)
            self._write(folder, passable, nodes, deadline)
            status = self._run_playbook(kind, folder, collector, deadline, cancelled, check)
        finally:
            # Before anything else: from here on no secret of this run is on a disk or in a process.
            if status != "successful":
                leftovers.end_processes(folder)
            shutil.rmtree(folder, ignore_errors=True)
        result = collector.finish(status, time.monotonic() - began, deadline + self._grace)
        result.outcomes.update(refused)
        result.run_id, result.began, result.check = run_id, started_at, check
        if keep:
            self._archive.keep(kind, passable, nodes, deadline, result)
        return result

    def _write(self, folder: Path, items: Items, nodes: Mapping[str, str], deadline: int) -> None:
        environment = folder / "env"
        environment.mkdir(mode=0o700)
        # The settings have to be a file: runner drops its argument of that name when there is none.
        (environment / "settings").write_text(json.dumps({"pexpect_timeout": POLL_SECONDS}))
        variables.write(environment / "extravars", {"items": items, "nodes": nodes, "deadline": deadline})

    def _environment(self, folder: Path) -> dict[str, str]:
        programs = str(Path(sys.executable).parent)
        return {
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "ANSIBLE_CONFIG": self._settings.ansible_config,
            "ANSIBLE_COLLECTIONS_PATH": self._settings.collections_path,
            # Shared by all runs, on the same tmpfs: the sockets of SSH connections that one run leaves to the next.
            "ANSIBLE_HOME": str(self._folder / "ansible"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._folder / "ansible" / "cp"),
            # Modules would write their arguments to the journal of every node.
            "ANSIBLE_NO_TARGET_SYSLOG": "True",
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            # ansible-runner would switch it off; which keys are known is for the configuration to say.
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "MAX_EVENT_RES": str(LARGEST_RESULT),
            "LC_ALL": "C.UTF-8",
        }

    def _run_playbook(
        self, kind: str, folder: Path, collector: Collector, deadline: int, cancelled: Callable[[], bool], check: bool
    ) -> str:
        run = self._prepare(kind, folder, collector, deadline, cancelled, check)
        with seam.warmed_by(self._keeper):
            run.run()
        return KILLED if run.status == "failed" and _killed(run.rc) else run.status

    def _prepare(
        self, kind: str, folder: Path, collector: Collector, deadline: int, cancelled: Callable[[], bool], check: bool
    ) -> ansible_runner.Runner:
        return ansible_runner.interface.init_runner(
            private_data_dir=str(folder),
            playbook=f"{self._collection}.{kind}",
            inventory=self._settings.inventory,
            envvars=self._environment(folder),
            suppress_env_files=True,
            cmdline="--check --diff" if check else None,
            event_handler=collector.handle,
            cancel_callback=cancelled,
            timeout=max(1, int(deadline + self._grace)),
            quiet=True,
        )


def _killed(code: int | None) -> bool:
    """Whether an exit code stands for a signal. Ansible's own are small, but for one: 250, an error in itself."""
    return code is None or code < 0 or SIGNALS_FROM < code < SIGNALS_TO


def _sort_out(items: Items) -> tuple[dict[str, Outcome], list[Mapping[str, Any]]]:
    """Split `items` into those that cannot reach a module verbatim, with their faults, and the others."""
    refused: dict[str, Outcome] = {}
    passable: list[Mapping[str, Any]] = []
    for item in items:
        try:
            variables.check(item)
            passable.append(item)
        except variables.Untransportable as error:
            refused[item["id"]] = Outcome(fault=Fault("Check the item", "", str(error), own=True))
    return refused, passable
