"""Arithmetic of addresses."""

from ipaddress import ip_network

import pytest

from tenrec_api.services.network import address_ranges as ranges


@pytest.mark.parametrize(
    ("cidr", "gateway", "pools"),
    [
        ("10.0.0.0/24", "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
        ("10.0.0.0/24", "10.0.0.254", [("10.0.0.1", "10.0.0.253")]),
        ("10.0.0.0/24", "10.0.0.9", [("10.0.0.1", "10.0.0.8"), ("10.0.0.10", "10.0.0.254")]),
        ("10.0.0.0/24", None, [("10.0.0.1", "10.0.0.254")]),
        ("10.0.0.0/30", "10.0.0.1", [("10.0.0.2", "10.0.0.2")]),
        ("10.0.0.0/31", None, [("10.0.0.0", "10.0.0.1")]),
        ("10.0.0.7/32", "10.0.0.7", []),
        ("fd00::/64", "fd00::1", [("fd00::2", "fd00::ffff:ffff:ffff:ffff")]),
        ("fd00::/127", None, [("fd00::", "fd00::1")]),
    ],
)
def test_default_pools(cidr, gateway, pools):
    expected = [{"start": start, "end": end} for start, end in pools]
    assert ranges.default_pools(ip_network(cidr), gateway) == expected


def test_pools_are_counted_and_walked():
    pools = [{"start": "10.0.0.250", "end": "10.0.1.1"}, {"start": "10.0.2.0", "end": "10.0.2.0"}]
    assert ranges.size(pools) == 9
    assert list(ranges.every(pools)) == [ranges.nth(pools, index) for index in range(9)]
    assert (ranges.nth(pools, 6), ranges.nth(pools, 8)) == ("10.0.1.0", "10.0.2.0")
    with pytest.raises(IndexError):
        ranges.nth(pools, 9)


@pytest.mark.parametrize(
    ("cidr", "address", "possible"),
    [
        ("10.0.0.0/24", "10.0.0.0", False),
        ("10.0.0.0/24", "10.0.0.1", True),
        ("10.0.0.0/24", "10.0.0.255", False),
        ("10.0.0.0/24", "10.0.1.1", False),
        ("10.0.0.0/24", "::1", False),
        ("fd00::/64", "fd00::", False),
        ("fd00::/64", "fd00::ffff:ffff:ffff:ffff", True),
    ],
)
def test_what_a_port_may_have(cidr, address, possible):
    assert ranges.may_have(cidr, address) is possible


def test_the_address_that_a_machine_makes_of_its_hardware_address():
    # The example of RFC 4291, appendix A: 34-56-78-9A-BC-DE becomes 3656:78ff:fe9a:bcde.
    assert ranges.interface_address("2001:db8::/64", "34:56:78:9a:bc:de") == "2001:db8::3656:78ff:fe9a:bcde"


def test_new_hardware_addresses_are_ours_and_differ():
    made = {ranges.random_mac() for _ in range(100)}
    assert len(made) > 95
    assert all(mac.startswith("fa:16:3e:") and len(mac) == 17 for mac in made)
