"""Repeat a kept run with ``ansible-playbook``: its folder as it is, the secrets made again from the database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.config import Worker
from tenrec_api.exceptions import Conflict, NotFound
from tenrec_api.models.operation import FAILED, SUCCEEDED, Operation
from tenrec_api.models.run import Run
from tenrec_api.orchestration import archive, leftovers, variables
from tenrec_api.orchestration.redaction import Unknown, reveal, scrub, secrets_of
from tenrec_api.orchestration.workflows.base import Workflow
from tenrec_api.services import runs

Items = Sequence[Mapping[str, Any]]


def replay(
    settings: Worker,
    sessions: sessionmaker[Session],
    workflows: Mapping[str, Workflow],
    identity: str,
    check: bool,
    say: Callable[[str], None],
) -> int:
    """Repeat the run of that id, or the last run of the operation of that id; returns the exit code of Ansible.

    `check`: only tell what would change. `say` takes each line of Ansible's output, without secrets. Of a run for many,
    those whose secrets are gone with their resources are left out, unless it was one of them that was asked for.
    Nothing of this is written to the database: it is for looking, and for what a host has lost. Raises NotFound, and
    Conflict, with the next step in its message, when the run must not or cannot be repeated.
    """
    with sessions() as session:
        run = runs.find(session, identity)
        batch = runs.operations_of(session, run)
        folder = _folder(settings, run)
        if not check:
            _refuse_what_is_over(session, batch, folder)
        kept = json.loads((folder / archive.RECORD).read_text())
        asked = {operation.resource_id for operation in batch if operation.id == identity}
        items = None if kept["complete"] else _with_secrets(session, workflows, kept["items"], batch, asked, say)
        # Whatever making the items changed is not to stay.
        session.rollback()
    with _variables(items, Path(settings.run_directory)) as given:
        return _run(folder, given, secrets_of(list(items or ())), check, say)


def _folder(settings: Worker, run: Run) -> Path:
    folder = archive.find(Path(settings.archive_directory), run.id)
    if folder is None:
        raise NotFound(
            f"The folder of run {run.id} is not kept any more: {settings.archive_runs} runs of the last "
            f"{settings.archive_days} days are (archive_runs, archive_days)."
        )
    if not Path(settings.run_directory).is_dir():
        raise Conflict(f"There is no {settings.run_directory}: the worker makes it. systemctl start tenrec-worker")
    return folder


def _refuse_what_is_over(session: Session, batch: Sequence[Operation], folder: Path) -> None:
    """Refuse what the database does not want any more: it would leave something behind that nobody owns."""
    for operation in batch:
        if operation.status == FAILED:
            raise Conflict(
                f"Operation {operation.id} failed. To try it again: operation retry {operation.id}. "
                "To see what its run would do: --check"
            )
        if operation.status != SUCCEEDED:
            raise Conflict(f"Operation {operation.id} is {operation.status}; only --check is possible.")
        later = session.scalars(
            select(Operation)
            .where(Operation.resource_id == operation.resource_id, Operation.sequence > operation.sequence)
            .limit(1)
        ).first()
        if later is not None:
            raise Conflict(
                f"The {operation.resource_type} {operation.resource_id} had a {later.kind} since (operation "
                f"{later.id}), so only --check is possible. How to repeat the run by hand all the same: {folder}/README"
            )


def _with_secrets(
    session: Session,
    workflows: Mapping[str, Workflow],
    kept: Items,
    batch: Sequence[Operation],
    asked: set[str],
    say: Callable[[str], None],
) -> list[Mapping[str, Any]]:
    """The items as they were, with the secrets that their resources have now; without those that have none any more."""
    fresh: dict[str, Mapping[str, Any]] = {}
    for operation in batch:
        workflow = workflows.get(operation.kind)
        item = (workflow.secrets or workflow.item)(session, operation) if workflow is not None else None
        if item is not None:
            fresh[item["id"]] = item
    items: list[Mapping[str, Any]] = []
    gone: dict[str, Unknown] = {}
    for item in kept:
        try:
            items.append(reveal(item, fresh.get(item["id"]), f"item {item['id']}"))
        except Unknown as error:
            gone[item["id"]] = error
    refused = [error for identity, error in gone.items() if identity in asked or not items]
    if refused:
        raise Conflict(f"The secrets of this run cannot be made again: {refused[0]}.")
    for error in gone.values():
        say(f"Left out, because its secrets cannot be made again: {error}.")
    return items


@contextmanager
def _variables(items: Items | None, folder: Path) -> Iterator[list[str]]:
    """The arguments that name the variables files; that of `items`, if any, is gone at the end.

    It lies among the folders of the worker's runs, which are in memory and for its user alone; what a killed command
    leaves there, the worker removes when it starts.
    """
    arguments = ["-e", f"@{archive.VARIABLES}"]
    if items is None:
        yield arguments
        return
    with TemporaryDirectory(dir=folder, prefix=leftovers.RUN_PREFIX) as private:
        path = Path(private) / "secrets.yml"
        variables.write(path, {"items": items})
        yield [*arguments, "-e", f"@{path}"]


def _run(folder: Path, given: Sequence[str], secrets: set[str], check: bool, say: Callable[[str], None]) -> int:
    program = Path(sys.executable).parent / "ansible-playbook"
    command = [str(program), archive.PLAYBOOK, *given, *(["--check", "--diff"] if check else [])]
    environment = {"PATH": os.pathsep.join([str(program.parent), os.environ.get("PATH", os.defpath)])}
    environment |= {"LC_ALL": "C.UTF-8", "HOME": str(folder), "ANSIBLE_CONFIG": archive.SETTINGS}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout:
                say(scrub(line.rstrip("\n"), secrets))
        except BaseException:
            # Whoever asked for it is gone, or has enough of it.
            process.terminate()
            raise
    return process.returncode
