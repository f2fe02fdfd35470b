"""When a prepared host is made anew, and when not."""

import yaml

from launcher import prepared
from launcher.deployments import GROUPS
from launcher.paths import REPOSITORY
from launcher.status import SERVICES_OF


def test_every_list_of_packages_counts():
    for path in (REPOSITORY / "roles").glob("*/defaults/main.yml"):
        text = path.read_text()
        named = {key: value for key, value in (yaml.safe_load(text) or {}).items() if key.endswith("_packages")}
        found = {}
        for part in prepared._PACKAGES.findall(text):
            found |= yaml.safe_load(part)
        assert found == named, path


def test_other_defaults_do_not_count():
    text = "# A comment.\na_packages:\n  - one\n  - two\na_port: 1\nb_packages: []\nb:\n  - three\n"
    assert prepared._PACKAGES.findall(text) == ["a_packages:\n  - one\n  - two\n", "b_packages: []\n"]


def test_a_kind_of_host_has_a_layer_of_its_own():
    folders = {prepared._folder((group,)) for group in GROUPS}
    assert len(folders) == len(GROUPS)


def test_status_knows_every_group():
    assert set(SERVICES_OF) == set(GROUPS)
    assert not set(SERVICES_OF["controller"]) & {name for g in GROUPS[1:] for name in SERVICES_OF[g]}
