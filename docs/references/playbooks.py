"""One page for all playbooks: what their authors wrote above them, their plays, and the roles or tasks of each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from mkdocs.exceptions import PluginError

from references.plugins import COLLECTION

DEPLOYMENT = ("site.yml", "playbooks/[!.]*.yml")
REQUESTS = "collections/ansible_collections/tenrec/cloud/playbooks"

INTRODUCTION = """\
# Playbooks

Made of the playbooks themselves.

## Of the deployment

An operator runs these with `ansible-playbook -i inventories/NAME`.
"""
WORKFLOWS = """
## Of requests

The worker runs these, one for each kind of operation. What an item of each holds is in
[the contract between the application and the playbooks](../../ARCHITECTURE.md).
"""


def playbooks_page(repository: Path) -> str:
    """The page; its links to files start from `docs/reference`.

    :raises PluginError: when a playbook does not say what it is for
    """
    deployment = [path for pattern in DEPLOYMENT for path in sorted(repository.glob(pattern))]
    requests = sorted((repository / REQUESTS).glob("*.yml"))
    lines = [INTRODUCTION]
    for path in deployment:
        lines += _playbook(repository, path, str(path.relative_to(repository)))
    lines += [WORKFLOWS]
    for path in requests:
        lines += _playbook(repository, path, path.stem)
    return "\n".join([*lines, ""])


def _playbook(repository: Path, path: Path, title: str) -> Iterator[str]:
    """Its heading, its comment, and its plays."""
    yield from ("", f"### {title}", "")
    yield from (*_comment(path), "")
    yield f"[{path.name}](../../{path.relative_to(repository)})"
    yield ""
    for play in yaml.safe_load(path.read_text()):
        hosts = play.get("hosts")
        imported = play.get("ansible.builtin.import_playbook")
        where = f" (`{hosts}`)" if hosts else f": `{imported}`"
        yield f"- {play.get('name', 'A play')}{where}"
        for part in ("pre_tasks", "roles", "tasks", "post_tasks"):
            for step in _steps(play.get(part, [])):
                yield f"    - {step}"


def _comment(path: Path) -> list[str]:
    """The comment at the head of a playbook; an indented line of it is a command.

    :raises PluginError: when there is none
    """
    lines: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            text = line.removeprefix("#").removeprefix(" ")
            lines += [f"    {text.strip()}"] if text.startswith("  ") else [text]
        elif lines or line.strip() not in ("", "---"):
            break
    if not lines:
        raise PluginError(f"{path} does not say what it is for: no comment stands at its head")
    return _apart(lines)


def _apart(lines: list[str]) -> list[str]:
    """Commands apart from the text by an empty line."""
    result: list[str] = []
    for line in lines:
        if result and line.startswith("    ") != result[-1].startswith("    "):
            result.append("")
        result.append(line)
    return result


def _steps(waiting: list[Any]) -> Iterator[str]:
    """Roles and tasks in their order, those in blocks too."""
    waiting = list(waiting)
    while waiting:
        step = waiting.pop(0)
        if isinstance(step, str) or "role" in step:
            name = step if isinstance(step, str) else step["role"]
            yield f"role [{name}](roles/{name}.md)"
        elif "block" in step:
            waiting = [inner for key in ("block", "rescue", "always") for inner in step.get(key, [])] + waiting
        else:
            yield f"{step.get('name', 'a task')}: {_what(step)}"


def _what(task: dict[str, Any]) -> str:
    """The module of a task, with a link when it is ours; of an imported role its name."""
    action = next((key for key in task if "." in key), "")
    collection, _, name = action.rpartition(".")
    if collection == COLLECTION:
        return f"[{name}](modules/{name}.md)"
    arguments = task.get(action)
    if name in ("import_role", "include_role") and isinstance(arguments, dict):
        role = arguments["name"]
        return f"role [{role}](roles/{role}.md)" + (
            f", `tasks_from: {arguments['tasks_from']}`" if "tasks_from" in arguments else ""
        )
    return f"`{name}`"
