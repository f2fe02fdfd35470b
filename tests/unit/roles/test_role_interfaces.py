"""What a role's defaults say and what its argument specification says must be the same variables."""

from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (REPOSITORY / "roles").iterdir() if (path / "tasks").is_dir())


def read(role, *path):
    """The parsed YAML file of the role, or an empty dict when it has none."""
    file = REPOSITORY.joinpath("roles", role, *path)
    return yaml.safe_load(file.read_text()) or {} if file.exists() else {}


def main_options(role):
    """The options of the entry point `main`."""
    return read(role, "meta", "argument_specs.yml")["argument_specs"]["main"].get("options", {})


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_the_options_that_are_not_required(role):
    options = main_options(role)
    assert set(read(role, "defaults", "main.yml")) == {
        name for name, option in options.items() if not option.get("required")
    }


@pytest.mark.parametrize("role", ROLES)
def test_each_option_is_the_roles_own_has_a_type_and_says_what_it_is(role):
    for name, option in main_options(role).items():
        assert name.startswith(f"{role}_"), name
        assert option["description"], name
        assert option["type"], name


@pytest.mark.parametrize("role", ROLES)
def test_default_of_an_option_is_that_of_the_role(role):
    defaults = read(role, "defaults", "main.yml")
    for name, option in main_options(role).items():
        if "default" in option:
            assert option["default"] == defaults[name], name


@pytest.mark.parametrize("role", ROLES)
def test_role_tells_its_story(role):
    for part in ("README.md", "meta/main.yml", "molecule/default/molecule.yml", "molecule/default/converge.yml"):
        assert (REPOSITORY / "roles" / role / part).is_file(), part
    assert list((REPOSITORY / "roles" / role / "molecule/default/tests").glob("test_*.py"))


@pytest.mark.parametrize("role", ROLES)
def test_packages_are_a_plain_list(role):
    """The role common reads it from the file, without Ansible's templates, to install everything at once."""
    packages = read(role, "defaults", "main.yml").get(f"{role}_packages", [])
    assert all(isinstance(each, str) and "{" not in each for each in packages)


def test_first_play_knows_every_role_that_brings_packages():
    plays = yaml.safe_load((REPOSITORY / "site.yml").read_text())
    first = next(play for play in plays if "roles" in play)
    listed = {role for roles in first["vars"]["roles_of"].values() for role in roles}
    listed |= set(first["roles"])
    used = {role for play in plays for role in play.get("roles", [])}
    assert {role for role in used if f"{role}_packages" in read(role, "defaults", "main.yml")} <= listed
