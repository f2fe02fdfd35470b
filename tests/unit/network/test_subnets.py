"""Subnets: their addresses and options are checked before any playbook sees them."""

import pytest


def test_a_subnet_is_part_of_its_networks_playbook(member, run):
    network = member.network()
    run()
    subnet = member.subnet(network, "192.0.2.0/24", dns_nameservers=["192.0.2.53"])
    assert subnet["gateway_ip"] == "192.0.2.1"
    assert subnet["allocation_pools"] == [{"start": "192.0.2.2", "end": "192.0.2.254"}]
    ((kind, item),) = run()
    assert kind == "network_apply"
    assert item["subnets"] == [
        {
            "id": subnet["id"],
            "name": "",
            "cidr": "192.0.2.0/24",
            "ip_version": 4,
            "gateway_ip": "192.0.2.1",
            "enable_dhcp": True,
            "dns_nameservers": ["192.0.2.53"],
            "host_routes": [],
            "ipv6_address_mode": None,
        }
    ]
    assert member.get(f"networks/{network['id']}")["network"]["subnets"] == [subnet["id"]]
    member.delete(f"subnets/{subnet['id']}")
    ((_, item),) = run()
    assert item["subnets"] == []


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"cidr": "10.0.0.1/24"}, None),
        ({"cidr": "10.0.0.0"}, None),
        ({"cidr": "10.0.0.0/31"}, None),
        ({"cidr": "224.0.0.0/24"}, None),
        ({"cidr": "fd00::/64"}, None),
        ({"gateway_ip": "10.0.1.1"}, "InvalidInput"),
        ({"gateway_ip": "10.0.0.255"}, "InvalidInput"),
        ({"gateway_ip": "fd00::1"}, "InvalidInput"),
        ({"allocation_pools": [{"start": "10.0.0.9", "end": "10.0.0.2"}]}, "InvalidAllocationPool"),
        ({"allocation_pools": [{"start": "10.0.0.2", "end": "10.0.1.2"}]}, "OutOfBoundsAllocationPool"),
        ({"allocation_pools": [{"start": "fd00::2", "end": "fd00::9"}]}, "InvalidAllocationPool"),
        ({"dns_nameservers": ["fd00::1"]}, None),
        ({"dns_nameservers": ["10.0.0.1"] * 6}, "DNSNameServersExhausted"),
        ({"host_routes": [{"destination": "fd00::/64", "nexthop": "10.0.0.2"}]}, None),
        ({"host_routes": [{"destination": "10.2.0.0/16"}]}, None),
        ({"ipv6_ra_mode": "slaac"}, None),
        ({"subnetpool_id": "e5d1a2de-5a0e-4c2f-8a4b-b9a0b1c2d3e4"}, None),
    ],
)
def test_what_cannot_be_is_refused(member, attributes, kind):
    network = member.network()
    body = {"network_id": network["id"], "cidr": "10.0.0.0/24", "ip_version": 4, **attributes}
    error = member.make("subnets", "subnet", 400, **body)
    assert kind is None or error["type"] == kind


def test_a_gateway_in_the_pool_and_overlapping_pools_are_refused(member):
    network = member.network()
    body = {"network_id": network["id"], "cidr": "10.0.0.0/24", "ip_version": 4}
    pools = [{"start": "10.0.0.1", "end": "10.0.0.9"}]
    refused = member.make("subnets", "subnet", 409, allocation_pools=pools, **body)
    assert refused["type"] == "GatewayConflictWithAllocationPools"
    pools = [{"start": "10.0.0.5", "end": "10.0.0.9"}, {"start": "10.0.0.9", "end": "10.0.0.20"}]
    refused = member.make("subnets", "subnet", 400, allocation_pools=pools, **body)
    assert refused["type"] == "OverlappingAllocationPools"


def test_null_means_no_gateway(member):
    subnet = member.subnet(member.network(), gateway_ip=None)
    assert subnet["gateway_ip"] is None
    assert subnet["allocation_pools"] == [{"start": "10.0.0.1", "end": "10.0.0.254"}]


def test_subnets_of_one_network_do_not_overlap_and_those_of_two_may(member, private):
    body = {"network_id": private["id"], "cidr": "10.0.0.128/25", "ip_version": 4}
    assert "overlaps" in member.make("subnets", "subnet", 400, **body)["message"]
    member.subnet(private, "10.0.1.0/24")
    member.subnet(member.network(), "10.0.0.0/24")


def test_a_subnet_with_addresses_in_use_stays(member, private):
    port = member.port(private)
    assert member.delete(f"subnets/{private['subnet']['id']}", 409)["type"] == "SubnetInUse"
    member.delete(f"ports/{port['id']}")
    member.delete(f"subnets/{private['subnet']['id']}")


def test_the_gateway_of_a_router_stays(member, private, router):
    refused = member.change(f"subnets/{private['subnet']['id']}", "subnet", 409, gateway_ip="10.0.0.254")
    assert refused["type"] == "GatewayIpInUse"


def test_options_can_be_changed(member, private, run):
    run()
    route = {"destination": "10.7.0.0/16", "nexthop": "10.0.0.9"}
    changed = member.change(
        f"subnets/{private['subnet']['id']}", "subnet", name="s", dns_nameservers=["9.9.9.9"], host_routes=[route]
    )
    assert (changed["name"], changed["dns_nameservers"], changed["host_routes"]) == ("s", ["9.9.9.9"], [route])
    ((_, item),) = run()
    assert item["subnets"][0]["host_routes"] == [route]
    member.change(f"subnets/{private['subnet']['id']}", "subnet", 400, cidr="10.9.0.0/24")


def test_routers_learn_of_another_way_out(operator, public, router, run):
    run()
    outside = operator.get("subnets?cidr=203.0.113.0/24")["subnets"][0]
    operator.change(
        f"subnets/{outside['id']}",
        "subnet",
        gateway_ip="203.0.113.254",
        allocation_pools=[{"start": "203.0.113.1", "end": "203.0.113.253"}],
    )
    items = dict(run())
    assert items["router_apply"]["gateway"]["gateway_ip"] == "203.0.113.254"


def test_a_strangers_network_gets_no_subnet(stranger, operator, private):
    body = {"cidr": "10.5.0.0/24", "ip_version": 4}
    stranger.make("subnets", "subnet", 404, network_id=private["id"], **body)
    shared = operator.network(shared=True)
    stranger.make("subnets", "subnet", 403, network_id=shared["id"], **body)
