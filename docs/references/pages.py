"""All pages that are made: where each stands, what is on it, and the repository's files that pages link to."""

from pathlib import Path
from typing import Any

from references import playbooks, plugins, roles, site
from references.files import Site

COLLECTION = "collections/ansible_collections/tenrec/cloud"

# Files of the repository with a place of their own among the pages.
PLACES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "inside.md",
    "CONTRIBUTING.md": "contributing.md",
    f"{COLLECTION}/README.md": "reference/collection.md",
}


class Pages:
    """What is generated from a working copy."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.roles = sorted(path.parent.name for path in repository.glob("roles/*/tasks"))
        self.plugins = {
            kind: plugins.names(repository / COLLECTION / "plugins" / folder)
            for kind, folder in (("module", "modules"), ("filter", "filter"))
        }
        of_roles = {f"roles/{role}/README.md": _role(role) for role in self.roles}
        self.placed = PLACES | of_roles | {site.VALUES: "reference/site.md"}
        self.site = Site(repository, self.placed)

    def navigation(self) -> list[Any]:
        """The references, as mkdocs' `nav` lists pages."""
        return [
            "reference/site.md",
            {"Roles": [_role(role) for role in self.roles]},
            {"Modules": [_plugin("module", name) for name in self.plugins["module"]]},
            {"Filters": [_plugin("filter", name) for name in self.plugins["filter"]]},
            "reference/playbooks.md",
            "reference/collection.md",
        ]

    def made(self) -> dict[str, str]:
        """Pages (`src_uri`) and their text.

        :raises PluginError: when something does not say what it is for
        """
        texts = {uri: self.site.show(path, uri) for path, uri in PLACES.items()}
        for role in self.roles:
            uri = _role(role)
            texts[uri] = self.site.relink(
                roles.role_page(self.repository / "roles" / role), f"roles/{role}/README.md", uri
            )
        for kind, names in self.plugins.items():
            for name, told in plugins.documented(self.repository, kind, names).items():
                texts[_plugin(kind, name)] = plugins.plugin_page(name, told)
        for uri, text in (
            ("reference/site.md", site.site_page(self.repository)),
            ("reference/playbooks.md", playbooks.playbooks_page(self.repository)),
        ):
            texts[uri] = self.site.relink(text, f"docs/{uri}", uri)
        return texts

    def linked(self) -> dict[str, str]:
        """Pages of the files that links lead to, also from such pages; to be asked when all else is relinked."""
        texts: dict[str, str] = {}
        known = set(self.placed)
        while missing := {path: uri for path, uri in self.site.pages.items() if path not in known}:
            texts |= {uri: self.site.show(path, uri) for path, uri in missing.items()}
            known |= set(missing)
        return texts


def _role(name: str) -> str:
    return f"reference/roles/{name}.md"


def _plugin(kind: str, name: str) -> str:
    return f"reference/{kind}s/{name}.md"
