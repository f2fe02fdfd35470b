"""Finished runs, kept for operators: folders from which ``ansible-playbook`` alone repeats them. Never a secret.

A folder is named by time, kind and run id, and holds:

- ``README``: what this was, and the commands that repeat it
- ``run.yml``: the playbook, by reference to the collection's
- ``variables.yml``: the variables; ``items`` only if no secret was in them (see below)
- ``inventory.yml``, ``ansible.cfg``: as they were at the time
- ``run.json``: the items without secrets (`complete`: they had none), how the run and each item ended, and its tasks
- ``output.log``: what Ansible said

A run that had secrets leaves the items out of ``variables.yml``, and its ``run.yml`` begins with a play that refuses to
go on without them: asterisks are never applied. `replay` makes the items again, secrets included, from the database.
"""

import configparser
import io
import json
import logging
import shutil
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from tenrec_api.config import Worker
from tenrec_api.models.base import now
from tenrec_api.orchestration import variables
from tenrec_api.orchestration.events import RunResult
from tenrec_api.orchestration.redaction import hide, secrets_of

log = logging.getLogger(__name__)

PLAYBOOK, VARIABLES, RECORD = "run.yml", "variables.yml", "run.json"
INVENTORY, SETTINGS = "inventory.yml", "ansible.cfg"
# Runs without items only look (observe), every few seconds: so many of them are kept, in a place of their own.
LOOKS, LOOKS_FOLDER = 20, "looks"

REFUSAL = """\
- name: Look for the secrets of this run
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Refuse to go on without secrets
      ansible.builtin.assert:
        that: items is defined
        quiet: true
        fail_msg: "The secrets of this run are not kept, so its items are not here. Make them again: {command}"

"""

README = """\
{kind}, run {run_id}
{began:%Y-%m-%d %H:%M:%S} UTC, {seconds:.1f} s: {status}{rehearsal}

Repeat it with all that it had, on the controller (with --check: only say what would change):

    {command} --check

Or with ansible-playbook alone, in this folder, as the user tenrec (runuser -u tenrec -- bash):

    {ansible_playbook} {playbook} -e @{variables} --check --diff

{secrets}
The inventory is the one of that time; -i /etc/tenrec/inventory.yml takes today's.
"""
WITH_SECRETS = "Secrets had a part in this run. They are not kept, so the second command refuses to go on.\n"
WITHOUT_SECRETS = "No secret had a part in this run.\n"


class Archive:
    """Keeps the last `archive_runs` runs that are at most `archive_days` old (0: however old). Threads may share it."""

    def __init__(self, settings: Worker, collection: str):
        self._settings = settings
        self._collection = collection
        self._folder = Path(settings.archive_directory)
        most, days = settings.archive_runs, settings.archive_days
        self._acts = Shelf(self._folder, most, days)
        self._looks = Shelf(self._folder / LOOKS_FOLDER, min(most, LOOKS), days)

    def keep(
        self,
        kind: str,
        items: Sequence[Mapping[str, Any]],
        nodes: Mapping[str, str],
        deadline: int,
        result: RunResult,
    ) -> None:
        """Write one run. A full or missing disk costs the record, never the run."""
        if self._settings.archive_runs <= 0:
            return
        name = f"{result.began:%Y%m%dT%H%M%S.%f}-{kind}-{result.run_id}"
        try:
            folder = (self._acts if items else self._looks).place(name)
            self._write(folder, kind, items, nodes, deadline, result)
        except OSError as error:
            log.warning("the run %s is not kept in %s: %s", result.run_id, self._folder, error)

    def _write(
        self,
        folder: Path,
        kind: str,
        items: Sequence[Mapping[str, Any]],
        nodes: Mapping[str, str],
        deadline: int,
        result: RunResult,
    ) -> None:
        secrets = [secrets_of(item) for item in items]
        shown = [hide(item, own) for item, own in zip(items, secrets, strict=True)]
        complete = shown == list(items)
        given = {"nodes": nodes, "deadline": deadline}
        variables.write(folder / VARIABLES, {"items": items, **given} if complete else given)
        command = f"tenrec-manage operation replay {result.run_id}"
        playbook = f"- name: Repeat the run\n  import_playbook: {self._collection}.{kind}\n"
        refusal = "" if complete else REFUSAL.format(command=command)
        (folder / PLAYBOOK).write_text(f"---\n{refusal}{playbook}")
        (folder / SETTINGS).write_text(self._ansible_settings())
        shutil.copyfile(self._settings.inventory, folder / INVENTORY)
        ended = hide(_summary(result), set().union(*secrets))
        began = {"kind": kind, "nodes": dict(nodes), "deadline": deadline, "items": shown, "complete": complete}
        (folder / RECORD).write_text(json.dumps(began | ended) + "\n")
        (folder / "output.log").write_text(result.output)
        (folder / "README").write_text(
            README.format(
                kind=kind,
                run_id=result.run_id,
                began=result.began,
                seconds=result.seconds,
                status=result.status,
                rehearsal=", and nothing was changed: it was a rehearsal" if result.check else "",
                command=command,
                ansible_playbook=Path(sys.executable).parent / "ansible-playbook",
                playbook=PLAYBOOK,
                variables=VARIABLES,
                secrets=WITHOUT_SECRETS if complete else WITH_SECRETS,
            )
        )

    def _ansible_settings(self) -> str:
        """The settings of the runs, with those that a run is given by its environment."""
        parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
        parser.read(self._settings.ansible_config)
        for section, name, value in (
            ("defaults", "inventory", INVENTORY),
            ("defaults", "collections_path", self._settings.collections_path),
            ("defaults", "home", str(home(self._settings))),
            ("defaults", "no_target_syslog", "true"),
            ("defaults", "host_key_checking", "true"),
            # With the connections that the worker's runs leave open; not below here, where a socket's name is too long.
            ("ssh_connection", "control_path_dir", str(home(self._settings) / "cp")),
        ):
            if not parser.has_section(section):
                parser.add_section(section)
            parser.set(section, name, value)
        text = io.StringIO()
        parser.write(text)
        return text.getvalue()


class Shelf:
    """Folders whose names begin with their time: the last `most`, none older than `days` (0: however old)."""

    def __init__(self, folder: Path, most: int, days: int):
        self._folder = folder
        self._most = most
        self._days = days
        self._lock = threading.Lock()
        # The names, oldest first. Read once: to look at hundreds of folders after each run would cost more than this.
        self._names: deque[str] | None = None

    def place(self, name: str) -> Path:
        """Make the folder `name`, and room for it: what is too old goes, or one too many. Raises OSError."""
        old = []
        with self._lock:
            if self._names is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._names = deque(sorted(each.name for each in self._folder.iterdir() if each.name[0].isdigit()))
            self._names.append(name)
            oldest = f"{now() - timedelta(days=self._days):%Y%m%dT%H%M%S}" if self._days > 0 else ""
            while len(self._names) > self._most or self._names[0] < oldest:
                old.append(self._names.popleft())
        for each in old:
            shutil.rmtree(self._folder / each, ignore_errors=True)
        folder = self._folder / name
        folder.mkdir(mode=0o700, parents=True)
        return folder


def home(settings: Worker) -> Path:
    """Where Ansible keeps what one run leaves to the next: the sockets of open connections."""
    return Path(settings.run_directory) / "ansible"


def find(folder: Path, run_id: str) -> Path | None:
    """The folder of the run below the archive's, or None when it is not kept (any more)."""
    for shelf in (folder, folder / LOOKS_FOLDER):
        for each in shelf.glob("*"):
            if each.name.endswith(f"-{run_id}"):
                return each
    return None


def _summary(result: RunResult) -> dict[str, Any]:
    return {
        "status": result.status,
        "check": result.check,
        "seconds": round(result.seconds, 3),
        "fault": asdict(result.fault) if result.fault else None,
        "outcomes": {identity: asdict(outcome) for identity, outcome in result.outcomes.items()},
        "tasks": result.tasks,
    }
