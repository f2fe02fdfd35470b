"""The inventory of the Vagrantfile: the lab's hosts, with addresses that VirtualBox allows and no container has."""

import ipaddress

import yaml

from launcher import network
from launcher.deployments import LAB, read_hosts
from launcher.paths import REPOSITORY

INVENTORY = REPOSITORY / "inventories/vagrant"
VIRTUALBOX_ALLOWS = ipaddress.ip_network("192.168.56.0/21")


def values(folder) -> dict:
    return yaml.safe_load((folder / "group_vars/all/site.yml").read_text())


def test_its_hosts_are_those_of_the_lab():
    assert read_hosts(INVENTORY / "hosts.ini") == LAB.hosts()


def test_each_host_has_an_address_of_its_own_in_a_network_that_nothing_else_uses():
    machines = ipaddress.ip_network(values(INVENTORY)["vagrant_network"])
    external = ipaddress.ip_network(values(INVENTORY)["external_cidr"])
    assert machines.prefixlen == 24
    assert machines.subnet_of(VIRTUALBOX_ALLOWS)
    # The first one is the machine's own, on which Vagrant runs.
    assert "1" not in (last := [host.address.rpartition(".")[2] for host in LAB.hosts()])
    assert len(set(last)) == len(last)
    assert not external.overlaps(machines)
    assert not any(each.overlaps(network.NETWORK) for each in (machines, external))


def test_it_says_all_that_the_lab_says():
    assert values(LAB.inventory).keys() <= values(INVENTORY).keys()
