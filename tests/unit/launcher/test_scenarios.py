"""Which molecule scenarios run, in which order, and that those of whole clouds can stand beside everything else."""

import itertools
import re
from ipaddress import ip_network

import pytest
import yaml

from launcher import network
from launcher.checks.scenarios import _last_words, choose
from launcher.deployments import ALLINONE, LAB
from launcher.errors import LauncherError
from launcher.nodes import _NAME
from launcher.paths import REPOSITORY

CLOUDS = [each for each in choose([]) if each.of_a_cloud]


def platforms(scenario):
    return yaml.safe_load((scenario.folder / "molecule.yml").read_text())["platforms"]


def test_clouds_come_last_and_each_has_a_line_of_its_own():
    names = [each.name for each in choose([])]
    assert names[-2:] == ["allinone", "lab"]
    assert len(set(names)) == len(names)


def test_a_role_is_chosen_with_all_its_scenarios():
    assert [(each.name, each.project.name) for each in choose(["guest_image"])] == [
        ("guest_image", "guest_image"),
        ("guest_image/debian", "guest_image"),
    ]


def test_a_cloud_is_started_from_the_top():
    assert [(each.name, each.project) for each in choose(["lab"])] == [("lab", REPOSITORY)]


def test_an_unknown_name_is_refused_with_those_that_there_are():
    with pytest.raises(LauncherError, match=r"no scenario of labs; there are those of allinone, .*, lab, "):
        choose(["chrony", "labs"])


def test_no_two_scenarios_share_a_node():
    names = [platform["name"] for scenario in choose([]) for platform in platforms(scenario)]
    assert sorted(set(names)) == sorted(names)
    assert all(_NAME.fullmatch(name) for name in names)
    assert not set(names) & {host.name for deployment in (ALLINONE, LAB) for host in deployment.hosts()}


def test_no_two_clouds_share_an_external_network():
    external = [ip_network(each["external"]) for cloud in CLOUDS for each in platforms(cloud) if "external" in each]
    assert len(external) == len(CLOUDS)
    assert set(external) <= set(network.SPARE_EXTERNALS)
    everything = [*network.SPARE_EXTERNALS, network.EXTERNAL, network.LAB_EXTERNAL, network.MANAGEMENT]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(everything, 2))
    assert all(each.subnet_of(network.NETWORK) for each in everything)


@pytest.mark.parametrize("deployment", [ALLINONE, LAB], ids=lambda each: each.name)
def test_scenario_has_the_hosts_and_the_values_of_its_inventory(deployment):
    folder = REPOSITORY / "molecule" / deployment.name
    (scenario,) = choose([deployment.name])
    kinds = [tuple(each["groups"]) for each in platforms(scenario)]
    assert sorted(kinds) == sorted(host.groups for host in deployment.hosts())
    values = sorted((folder / "group_vars/all").iterdir())
    assert values[0].resolve() == REPOSITORY / "inventories/common"
    assert values[1].resolve() == deployment.inventory / "group_vars/all/site.yml"
    # The last one outweighs the others, and only in what the scenario must have for itself.
    own = yaml.safe_load(values[2].read_text())
    assert len(values) == 3
    assert set(own) == {"deployment_directory", "credentials_directory", "external_cidr", "external_gateway"}
    assert set(own) <= set(re.findall(r"^(\w+):", values[1].read_text(), re.MULTILINE))


def test_a_failed_scenario_tells_what_the_failed_task_said(tmp_path):
    log = tmp_path / "molecule.log"
    log.write_text(
        "TASK [Create each node] ****\n"
        "[ERROR]: Task failed: Module failed: non-zero return code\n"
        'failed: [localhost] (item=molecule-chrony) => {"changed": false, "msg": "non-zero return code", "rc": 1,'
        ' "stderr": "\\ntenrec: the image is gone\\ntry: ./tenrec up", "stdout": ""}\n'
        'fatal: [host]: FAILED! => {"changed": false, "msg": "no such package"}\n'
        "fatal: [host]: FAILED! => {cut off}\n"
        "ok: [host]\n"
    )
    assert _last_words(log) == [
        "[ERROR]: Task failed: Module failed: non-zero return code",
        "[localhost] (item=molecule-chrony): non-zero return code",
        "tenrec: the image is gone",
        "try: ./tenrec up",
        "[host]: no such package",
        "fatal: [host]: FAILED! => {cut off}",
    ]


def test_a_scenario_that_ends_without_a_word_shows_its_last_lines(tmp_path):
    log = tmp_path / "molecule.log"
    log.write_text("one\n\ntwo\n")
    assert _last_words(log) == ["one", "two"]
