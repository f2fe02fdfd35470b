"""A site's values are described where site.yml and precheck.yml look."""

from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
VALUES = yaml.safe_load((REPOSITORY / "inventories/common/site_values.yml").read_text())["site_values"]


def keys(path: Path) -> set[str]:
    return set(yaml.safe_load(path.read_text()) or {})


@pytest.mark.parametrize("inventory", ["allinone", "lab", "production"])
def test_every_value_of_a_site_is_described(inventory):
    described = set(VALUES).union(*(keys(path) for path in REPOSITORY.glob("roles/*/defaults/main.yml")))
    assert keys(REPOSITORY / f"inventories/{inventory}/group_vars/all/site.yml") <= described


def test_the_sample_has_every_value():
    assert set(VALUES) <= keys(REPOSITORY / "inventories/production/group_vars/all/site.yml")
