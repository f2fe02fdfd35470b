"""Every fault of a site is named, with the value that is wrong and what would be right."""

import copy

import pytest
import yaml
from ansible_collections.tenrec.cloud.plugins.module_utils.site_faults import faults_of_site

from launcher.paths import REPOSITORY

VALUES = {
    "region": "RegionOne",
    "external_cidr": "203.0.113.0/24",
    "external_gateway": "203.0.113.1",
    "volume_capacity_gib": 20,
}
SPECIFICATION = yaml.safe_load((REPOSITORY / "inventories/common/site_values.yml").read_text())["site_values"]


def host(number, *groups):
    """A host without fault."""
    address = f"192.0.2.{number}"
    return {
        "name": f"{groups[0]}{number}",
        "groups": list(groups),
        "reached": True,
        "why_not": "",
        "system": ["Debian", "12"],
        "architecture": "x86_64",
        "init": "systemd",
        "memory_mib": 8000,
        "disk_bytes": 100 << 30,
        "addresses": [address],
        "interfaces": ["lo", "eth0"],
        "networks": [{"address": address, "prefix": "24"}],
        "clock_ahead": 0,
        "management_address": address,
        "tunnel_address": address,
        "tunnel_interface": "",
        "came_from": "198.51.100.9",
    }


def site():
    return [host(1, "controller"), host(2, "network"), host(3, "compute"), host(4, "storage")]


def faults(hosts, values=VALUES):
    return faults_of_site(hosts, values, SPECIFICATION, 5)


def test_a_good_site_has_no_fault():
    assert faults(site()) == []
    assert faults([host(1, "controller", "network", "compute", "storage")]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reached": False, "why_not": "Connection refused"}, "compute3 cannot be reached: Connection refused"),
        ({"system": ["Ubuntu", "22"]}, "compute3 runs Ubuntu 22; it must run Debian 12"),
        ({"architecture": "aarch64"}, "compute3 is aarch64; it must be x86_64"),
        ({"init": "sysvinit"}, "compute3 was started by sysvinit"),
        ({"clock_ahead": -90.2}, "compute3's clock is 90 s behind"),
        ({"memory_mib": 256}, "compute3 has 256 MiB of memory; its groups need 600"),
        ({"disk_bytes": 1 << 29}, "compute3 has 0.5 GiB free below /var/lib; its groups need 3"),
        (
            {"management_address": "192.0.2.99"},
            "its management_address 192.0.2.99; it has 192.0.2.3",
        ),
        ({"tunnel_address": "198.51.100.3/24"}, "compute3 does not have its tunnel_address 198.51.100.3/24"),
        ({"tunnel_interface": "eth7"}, "compute3 has no network card eth7 (tunnel_interface); it has lo, eth0"),
        (
            {"tunnel_address": "192.0.2.4", "tunnel_interface": "eth0"},
            "compute3 and storage4 have the same tunnel",
        ),
        ({"name": "compute"}, "host compute has the name of a group"),
        ({"groups": ["computes"]}, "group compute has no host"),
        (
            {"networks": [{"address": "203.0.113.7", "prefix": "28"}]},
            "external_cidr 203.0.113.0/24 clashes with 203.0.113.0/28, a network of compute3",
        ),
    ],
)
def test_a_fault_of_a_host_is_named(change, words):
    hosts = site()
    hosts[2].update(change)
    assert any(words in fault for fault in faults(hosts)), faults(hosts)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"region": " "}, "region has no value"),
        ({"region": None}, "region has no value"),
        ({"volume_capacity_gib": "much"}, "volume_capacity_gib is 'much'; it must be of type int: GiB that volumes"),
        ({"external_cidr": "203.0.113.1/24"}, "external_cidr '203.0.113.1/24' is no network"),
        ({"external_gateway": "198.51.100.1"}, "external_gateway 198.51.100.1 is not in external_cidr"),
        ({"external_gateway": "router"}, "external_gateway 'router' is no address"),
    ],
)
def test_a_fault_of_a_value_is_named(change, words):
    found = faults(site(), VALUES | change)
    assert len(found) == 1
    assert words in found[0]


def test_all_faults_are_named_at_once():
    hosts = copy.deepcopy(site())
    hosts[0]["clock_ahead"] = 60
    hosts[1]["memory_mib"] = 1
    hosts[3] = {**host(4, "storage"), "reached": False, "why_not": "No route to host"}
    found = faults(hosts, VALUES | {"region": ""})
    assert len(found) == 4


def test_a_gateway_may_have_the_external_network_on_itself():
    hosts = site()
    hosts[1]["addresses"].append("203.0.113.1")
    hosts[1]["networks"].append({"address": "203.0.113.1", "prefix": "24"})
    assert faults(hosts) == []


def test_who_would_lock_itself_out_is_told():
    from_controller = [{**each, "came_from": "192.0.2.1"} for each in site()]
    assert faults(from_controller, {**VALUES, "ssh_from": ["203.0.113.0/24"]}) == []
    for allowed in ([], ["198.51.100.0/24"], ["2001:db8::/32", "198.51.100.9"]):
        assert faults(site(), {**VALUES, "ssh_from": allowed}) == []
    found = faults(site(), {**VALUES, "ssh_from": ["192.0.2.0/24"]})
    names = "controller1, network2, compute3, storage4"
    assert found == [
        f"ssh_from does not have 198.51.100.9, from which this machine reaches {names}: it would be locked out"
    ]
    assert faults([{**each, "came_from": ""} for each in site()], {**VALUES, "ssh_from": ["192.0.2.0/24"]}) == []


def test_what_is_no_network_is_told():
    found = faults(site(), {**VALUES, "ssh_from": ["198.51.100.0/24", "office"]})
    assert len(found) == 1
    assert found[0].startswith("ssh_from has 'office'")
