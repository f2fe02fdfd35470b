"""Which hosts a deployment has, as its inventory says."""

import pytest

from launcher import network
from launcher.deployments import ALLINONE, GROUPS, LAB, Host, read_hosts
from launcher.errors import LauncherError

INVENTORY = """
# A comment.
[compute]
b1 ansible_host=172.30.64.41  # another

[storage]
b1
[network]
n1 ansible_host=172.30.64.31 ansible_user=root
[controller]
c1 ansible_host=172.30.64.21
"""


def written(folder, text):
    path = folder / "hosts.ini"
    path.write_text(text)
    return path


def test_a_host_may_be_in_several_groups_and_the_controller_is_first(tmp_path):
    assert read_hosts(written(tmp_path, INVENTORY)) == [
        Host("c1", "172.30.64.21", ("controller",)),
        Host("b1", "172.30.64.41", ("compute", "storage")),
        Host("n1", "172.30.64.31", ("network",)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[storage]", "", "no host in storage"),
        ("ansible_host=172.30.64.31", "", "n1 has no address"),
        ("[network]", "[networks]", "no group 'networks'"),
    ],
)
def test_an_inventory_that_cannot_be_a_cloud_is_refused(tmp_path, old, new, words):
    with pytest.raises(LauncherError, match=words):
        read_hosts(written(tmp_path, INVENTORY.replace(old, new)))


def test_the_lab_has_two_computes_and_no_host_with_two_roles():
    hosts = LAB.hosts()
    assert [len(host.groups) for host in hosts] == [1] * len(hosts)
    assert sum("compute" in host.groups for host in hosts) == len(LAB.servers) == 2
    assert not {host.name for host in hosts} & set(GROUPS)


def test_clouds_can_run_side_by_side():
    assert not {host.address for host in LAB.hosts()} & {host.address for host in ALLINONE.hosts()}
    assert not LAB.external.overlaps(ALLINONE.external)
    files = [(d.clouds, d.hosts_file, d.authority, d.report, d.guests, d.credentials) for d in (LAB, ALLINONE)]
    assert not set(files[0]) & set(files[1])


def test_what_the_launcher_and_the_inventories_say_of_the_external_network_is_the_same():
    for deployment in (ALLINONE, LAB):
        values = (deployment.inventory / "group_vars/all/site.yml").read_text()
        assert f"external_cidr: {deployment.external}\n" in values
        assert deployment.external.subnet_of(network.NETWORK)
