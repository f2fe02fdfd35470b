"""A page for each role: its README, then every setting of its argument specification with the role's default."""

from pathlib import Path
from typing import Any

import yaml
from mkdocs.exceptions import PluginError

from references.options import options, paragraphs


def role_page(role: Path) -> str:
    """The page of one role.

    :param role: the role's folder
    :raises PluginError: when the role or one of its settings has no description
    """
    readme = role / "README.md"
    if not readme.exists():
        raise PluginError(f"role {role.name} has no README.md")
    lines = [readme.read_text().rstrip(), "", "## Settings"]
    for name, entry in _read(role / "meta" / "argument_specs.yml").get("argument_specs", {}).items():
        lines += _entry_point(role, name, entry)
    return "\n".join([*lines, ""])


def _entry_point(role: Path, name: str, entry: dict[str, Any]) -> list[str]:
    """What `tasks/<name>.yml` takes; `main` is the role itself."""
    owner = f"role {role.name}" if name == "main" else f"role {role.name}, tasks_from {name},"
    lines = ["", f"### {role.name}" if name == "main" else f"### {role.name}, `tasks_from: {name}`", ""]
    lines += [paragraphs(owner, entry.get("short_description")) + ".", ""]
    if "description" in entry:
        lines += [paragraphs(owner, entry["description"]), ""]
    settings = entry.get("options") or {}
    defaults = _read(role / "defaults" / "main.yml")
    return [*lines, *options(owner, settings, defaults)] if settings else [*lines, "It has no settings."]


def _read(file: Path) -> dict[str, Any]:
    """The parsed file.

    :raises PluginError: when there is none
    """
    if not file.exists():
        raise PluginError(f"there is no {file}")
    return yaml.safe_load(file.read_text()) or {}
