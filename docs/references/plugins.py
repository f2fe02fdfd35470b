"""A page for each module and filter: what ansible-doc tells of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from references.options import options, paragraphs, returned

COLLECTION = "tenrec.cloud"


def names(folder: Path) -> list[str]:
    """The plugins in a folder of the collection's."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def documented(repository: Path, kind: str, plugins: list[str]) -> dict[str, dict[str, Any]]:
    """What `ansible-doc` tells of each: `doc`, `examples` and `return`, with the shared parts filled in.

    :param kind: Ansible's name for this kind of plugin, `module` or `filter`
    :raises PluginError: when it cannot read one of them
    """
    wanted = [f"{COLLECTION}.{name}" for name in plugins]
    told = subprocess.run(
        [Path(sys.executable).parent / "ansible-doc", "--type", kind, "--json", *wanted],
        cwd=repository,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(told.stdout) if told.returncode == 0 else {}
    if missing := [name for name in wanted if not found.get(name, {}).get("doc")]:
        raise PluginError(f"ansible-doc says nothing of {kind} {', '.join(missing)}: {told.stderr}")
    return {name: found[f"{COLLECTION}.{name}"] for name in plugins}


def plugin_page(name: str, told: dict[str, Any]) -> str:
    """The page of one plugin.

    :raises PluginError: when it, an option or a return value has no description
    """
    owner, doc = f"{COLLECTION}.{name}", told["doc"]
    lines = [f"# {name}", "", paragraphs(owner, doc.get("short_description")) + ".", ""]
    lines += [paragraphs(owner, doc.get("description")), ""]
    if requirements := doc.get("requirements"):
        lines += ["Needs, where it runs: " + ", ".join(f"`{each}`" for each in requirements) + ".", ""]
    lines += ["## Options", *options(owner, doc.get("options") or {}), ""]
    if examples := (told.get("examples") or "").strip("\n"):
        lines += ["## Examples", "", "```yaml", examples, "```", ""]
    if values := told.get("return"):
        lines += ["## What it returns", *returned(owner, values), ""]
    return "\n".join(lines)
