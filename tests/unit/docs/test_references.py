"""The reference pages list every role and module with all their options, and a part without words is an error."""

import json
import re
from pathlib import Path

import pytest
import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, PluginError

from references.files import Site
from references.pages import Pages
from references.playbooks import playbooks_page
from references.plugins import plugin_page
from references.roles import role_page

REPOSITORY = Path(__file__).resolve().parents[3]
COLLECTION = REPOSITORY / "collections/ansible_collections/tenrec/cloud"
ROLES = sorted(path.parent.name for path in (REPOSITORY / "roles").glob("*/tasks"))
MODULES = sorted(path.stem for path in (COLLECTION / "plugins/modules").glob("*.py") if path.stem != "__init__")

TOLD = {
    "doc": {
        "short_description": "A thing",
        "description": ["Makes C(a_thing) <now>."],
        "options": {
            "items": {
                "description": "Things, see M(tenrec.cloud.domain).",
                "type": "list",
                "elements": "dict",
                "suboptions": {"size": {"description": "How large.", "type": "int", "default": 3}},
            }
        },
    },
    "return": {"results": {"description": "One each.", "type": "list", "contains": {"id": {"description": "Its id."}}}},
}


def without(part):
    """What is told of a thing, but one description is missing."""
    told = json.loads(json.dumps(TOLD))
    place = told
    for key in part[:-1]:
        place = place[key]
    del place[part[-1]]
    return told


@pytest.fixture
def role(tmp_path):
    """A role with everything that a page needs."""
    for folder in ("meta", "defaults"):
        (tmp_path / "clock" / folder).mkdir(parents=True)
    (tmp_path / "clock/README.md").write_text("# clock\n")
    (tmp_path / "clock/defaults/main.yml").write_text("clock_zone: Etc/UTC\n")
    specify(tmp_path / "clock", short_description="Tell the time", zone={"description": "Where.", "type": "str"})
    return tmp_path / "clock"


def specify(role, *, zone, **words):
    """Write the role's argument specification."""
    main = {**words, "options": {"clock_zone": zone}}
    (role / "meta/argument_specs.yml").write_text(yaml.safe_dump({"argument_specs": {"main": main}}))


@pytest.fixture(scope="module")
def made():
    """All pages that are made of this repository."""
    return Pages(REPOSITORY).made()


def headings(page):
    return set(re.findall(r"^#### `(\w+)`$", page, re.MULTILINE))


def test_every_role_has_a_page_with_every_setting(made):
    for name in ROLES:
        specification = yaml.safe_load((REPOSITORY / "roles" / name / "meta/argument_specs.yml").read_text())
        wanted = {option for entry in specification["argument_specs"].values() for option in entry.get("options", {})}
        assert headings(made[f"reference/roles/{name}.md"]) == wanted, name


def test_every_module_has_a_page_with_every_option(made):
    for name in MODULES:
        source = (COLLECTION / f"plugins/modules/{name}.py").read_text()
        own = yaml.safe_load(source.split('DOCUMENTATION = r"""')[1].split('"""')[0])
        page = made[f"reference/modules/{name}.md"]
        assert set(own.get("options", {})) <= headings(page), name
        for option in own.get("options", {}).values():
            assert all(f"**`{part}`**" in page for part in option.get("suboptions", {})), name


def test_options_of_a_shared_part_are_on_the_page(made):
    assert {"deadline", "northbound", "items"} <= headings(made["reference/modules/port_group.md"])


def test_every_value_of_a_site_is_listed(made):
    described = yaml.safe_load((REPOSITORY / "inventories/common/site_values.yml").read_text())["site_values"]
    assert headings(made["reference/site.md"]) == set(described)


def test_every_playbook_is_listed(made):
    page = made["reference/playbooks.md"]
    for path in [*COLLECTION.glob("playbooks/*.yml"), *REPOSITORY.glob("playbooks/*.yml")]:
        assert f"[{path.name}](" in page, path.name


def test_role_page_shows_the_default_of_the_role(role):
    assert '#### `clock_zone`\n\n*str*, default `"Etc/UTC"`\n\nWhere' in role_page(role)


def test_role_without_a_description_is_an_error(role):
    specify(role, zone={"description": "Where.", "type": "str"})
    with pytest.raises(PluginError, match="role clock has no description"):
        role_page(role)


def test_setting_without_a_description_is_an_error(role):
    specify(role, short_description="Tell the time", zone={"type": "str"})
    with pytest.raises(PluginError, match="option clock_zone of role clock has no description"):
        role_page(role)


@pytest.mark.parametrize("part", ["README.md", "meta/argument_specs.yml", "defaults/main.yml"])
def test_role_without_a_part_is_an_error(role, part):
    (role / part).unlink()
    with pytest.raises(PluginError, match=part):
        role_page(role)


def test_module_page_shows_options_within_options_and_what_it_returns():
    page = plugin_page("thing", TOLD)
    assert "Makes <code>a\\_thing</code> &lt;now" in page
    assert "- **`size`** (*int*, default `3`): How large" in page
    assert "- **`id`** (*str*): Its id" in page
    assert "../modules/domain.md" in page.replace("\\", "")


@pytest.mark.parametrize(
    "part",
    [
        ("doc", "short_description"),
        ("doc", "description"),
        ("doc", "options", "items", "description"),
        ("doc", "options", "items", "suboptions", "size", "description"),
        ("return", "results", "description"),
        ("return", "results", "contains", "id", "description"),
    ],
)
def test_module_with_a_part_that_says_nothing_is_an_error(part):
    with pytest.raises(PluginError, match="no description"):
        plugin_page("thing", without(part))


def test_unknown_markup_is_an_error():
    told = without(("doc", "description"))
    told["doc"]["description"] = "See M(not a module)."
    with pytest.raises(PluginError, match=r"tenrec\.cloud\.thing"):
        plugin_page("thing", told)


def test_plays_list_their_roles_and_tasks_in_their_order(tmp_path):
    tried = [{"name": "Try", "tenrec.cloud.domain": {}}]
    block = {"block": tried, "rescue": [{"name": "Mend", "ansible.builtin.debug": {}}]}
    imported = {"ansible.builtin.import_role": {"name": "tls", "tasks_from": "more"}, "name": "More"}
    roles = ["tls", {"role": "proxy"}]
    plays = [
        {"name": "First", "ansible.builtin.import_playbook": "other.yml"},
        {"name": "Second", "hosts": "all", "roles": roles, "pre_tasks": [block], "tasks": [imported]},
    ]
    comment = "# Words, and a command:\n#   ansible-playbook site.yml\n"
    (tmp_path / "site.yml").write_text(comment + yaml.safe_dump(plays))
    page = playbooks_page(tmp_path)
    assert "Words, and a command:\n\n    ansible-playbook site.yml\n" in page
    assert page.index("- First: `other.yml`") < page.index("- Second (`all`)")
    steps = page[page.index("- Second") :].split("\n    - ")[1:]
    assert [step.split("\n")[0] for step in steps] == [
        "Try: [domain](modules/domain.md)",
        "Mend: `debug`",
        "role [tls](roles/tls.md)",
        "role [proxy](roles/proxy.md)",
        "More: role [tls](roles/tls.md), `tasks_from: more`",
    ]


def test_playbook_without_words_is_an_error(tmp_path):
    (tmp_path / "site.yml").write_text("---\n- hosts: all\n")
    with pytest.raises(PluginError, match="does not say what it is for"):
        playbooks_page(tmp_path)


def test_links_lead_to_pages_of_files(tmp_path):
    (tmp_path / "roles/clock").mkdir(parents=True)
    for path in ("roles/clock/README.md", "roles/clock/hosts.ini"):
        (tmp_path / path).write_text("words ~~~")
    site = Site(tmp_path, {"roles/clock/README.md": "reference/roles/clock.md"})
    text = (
        "[a](../roles/clock/README.md#x) [b](../roles/clock) [c](../roles/clock/hosts.ini) [d](lab.md) "
        "[e](../gone) [f](#x)"
    )
    assert site.relink(text, "docs/quick-start.md", "quick-start.md") == (
        "[a](reference/roles/clock.md#x) [b](reference/roles/clock.md) [c](files/roles/clock/hosts.ini.md) [d](lab.md) "
        "[e](../gone) [f](#x)"
    )
    assert site.relink("[a](hosts.ini)", "roles/clock/README.md", "reference/roles/clock.md") == (
        "[a](../../files/roles/clock/hosts.ini.md)"
    )
    assert "~~~~~~\nwords ~~~\n~~~~~~" in site.show("roles/clock/hosts.ini", "files/roles/clock/hosts.ini.md")


@pytest.mark.parametrize(
    "pages",
    [
        {"index.md": "[a](gone.md)"},
        {"index.md": "[a](../gone.ini)"},
        {"index.md": "[a](#gone)"},
        {"index.md": "words", "in-no-menu.md": "words"},
    ],
)
def test_link_to_nothing_and_page_in_no_menu_fail_the_build(tmp_path, pages):
    (tmp_path / "docs").mkdir()
    for name, text in pages.items():
        (tmp_path / "docs" / name).write_text(text)
    own = {"docs_dir": str(tmp_path / "docs"), "site_dir": str(tmp_path / "site"), "hooks": [], "nav": ["index.md"]}
    with pytest.raises(Abort):
        build(load_config(str(REPOSITORY / "mkdocs.yml"), strict=True, **own))


def test_reader_fetches_nothing_from_elsewhere(tmp_path):
    config = load_config(str(REPOSITORY / "mkdocs.yml"), site_dir=str(tmp_path))
    build(config)
    fetched = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*\"")
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > len(ROLES) + len(MODULES)
    assert [found for page in pages for found in fetched.findall(page.read_text())] == []
