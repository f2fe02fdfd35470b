"""Ports: addresses, hardware addresses, port security."""

import pytest
from sqlalchemy import select

from tenrec_api.models.port import Port


def test_a_port_gets_an_address_and_the_default_group(member, private, run):
    run()
    port = member.port(private, name="web")
    (fixed,) = port["fixed_ips"]
    assert fixed["subnet_id"] == private["subnet"]["id"]
    assert fixed["ip_address"].startswith("10.0.0.")
    assert port["mac_address"].startswith("fa:16:3e:")
    assert (port["status"], port["device_id"], port["device_owner"]) == ("DOWN", "", "")
    (group,) = port["security_groups"]
    assert member.get(f"security-groups/{group}")["security_group"]["name"] == "default"
    done = run()
    assert [kind for kind, _ in done] == ["security_group_apply", "port_apply"]
    assert done[1][1] == {
        "id": port["id"],
        "name": "web",
        "network_id": private["id"],
        "mac_address": port["mac_address"],
        "fixed_ips": port["fixed_ips"],
        "admin_state_up": True,
        "port_security_enabled": True,
        "allowed_address_pairs": [],
        "security_group_ids": [group],
        "device_id": "",
        "device_owner": "",
        "mtu": 1442,
    }


def test_a_ports_operation_goes_beside_others_on_its_network_and_after_changes_of_it(member, private, operations):
    port = member.port(private)
    operation = operations()[-1]
    assert operation.kind == "port_apply"
    assert operation.touched == {port["id"]: True, private["id"]: False, port["security_groups"][0]: False}


def test_addresses_are_all_given_once_and_then_there_are_none(member):
    network = member.network()
    member.subnet(network, "10.0.0.0/28")
    ports = [member.port(network) for _ in range(13)]
    given = {port["fixed_ips"][0]["ip_address"] for port in ports}
    assert given == {f"10.0.0.{last}" for last in range(2, 15)}
    refused = member.make("ports", "port", 409, network_id=network["id"])
    assert refused["type"] == "IpAddressGenerationFailure"
    member.delete(f"ports/{ports[0]['id']}")
    assert member.port(network)["fixed_ips"] == ports[0]["fixed_ips"]


def test_a_full_subnet_gives_way_to_the_next(member):
    network = member.network()
    member.subnet(network, "10.0.0.0/30")
    second = member.subnet(network, "10.0.1.0/30")
    first_port = member.port(network)
    assert first_port["fixed_ips"][0]["ip_address"] == "10.0.0.2"
    assert member.port(network)["fixed_ips"] == [{"subnet_id": second["id"], "ip_address": "10.0.1.2"}]


def test_an_address_can_be_chosen_once(member, private):
    chosen = [{"ip_address": "10.0.0.77"}]
    port = member.port(private, fixed_ips=chosen)
    assert port["fixed_ips"] == [{"subnet_id": private["subnet"]["id"], "ip_address": "10.0.0.77"}]
    refused = member.make("ports", "port", 409, network_id=private["id"], fixed_ips=chosen)
    assert refused["type"] == "IpAddressInUse"
    member.delete(f"ports/{port['id']}")
    member.port(private, fixed_ips=chosen)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"ip_address": "10.0.9.1"}, "InvalidIpForNetwork"),
        ({"ip_address": "10.0.0.255"}, "InvalidIpForNetwork"),
        ({"ip_address": "0.0.0.0"}, "InvalidInput"),
        ({"ip_address": "10.0.0.300"}, "InvalidInput"),
        ({"subnet_id": "0f7e4fd5-3bd6-4ad8-a4b2-6f0f5a5a5a5a"}, "InvalidInput"),
        ({"subnet_id": "elsewhere"}, "InvalidInput"),
        ({"gateway": "10.0.0.1"}, "InvalidInput"),
    ],
)
def test_an_address_that_cannot_be_is_refused(member, private, entry, kind):
    assert member.make("ports", "port", 400, network_id=private["id"], fixed_ips=[entry])["type"] == kind


def test_a_port_may_have_no_address_several_or_others(member, private):
    port = member.port(private, fixed_ips=[])
    assert port["fixed_ips"] == []
    path = f"ports/{port['id']}"
    two = [{"ip_address": "10.0.0.10"}, {"subnet_id": private["subnet"]["id"]}]
    changed = member.change(path, "port", fixed_ips=two)["fixed_ips"]
    assert changed[0]["ip_address"] == "10.0.0.10"
    assert len(changed) == 2
    given = changed[1]["ip_address"]
    other = "10.0.0.12" if given == "10.0.0.11" else "10.0.0.11"
    swapped = [{"ip_address": given}, {"ip_address": other}]
    kept = [each["ip_address"] for each in member.change(path, "port", fixed_ips=swapped)["fixed_ips"]]
    assert kept == [given, other]
    member.port(private, fixed_ips=[{"ip_address": "10.0.0.10"}])
    six = [{"subnet_id": private["subnet"]["id"]}] * 6
    member.change(path, "port", 400, fixed_ips=six)


def test_no_address_is_given_twice_to_one_port(member):
    network = member.network()
    subnet = member.subnet(network, "10.0.0.0/29")
    any_of_it = {"subnet_id": subnet["id"]}
    port = member.port(network, fixed_ips=[any_of_it, any_of_it, {"ip_address": "10.0.0.4"}, any_of_it, any_of_it])
    given = [each["ip_address"] for each in port["fixed_ips"]]
    assert sorted(given) == [f"10.0.0.{number}" for number in range(2, 7)]
    assert given[2] == "10.0.0.4"
    kept = member.change(f"ports/{port['id']}", "port", fixed_ips=[any_of_it, any_of_it])["fixed_ips"]
    assert {each["ip_address"] for each in kept} < set(given)
    assert len(kept) == 2


def test_ipv6_addresses_are_given_or_made_of_the_hardware_address(member):
    network = member.network()
    member.subnet(network, "10.0.0.0/24")
    slaac = member.subnet(network, "fd00::/64", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
    port = member.port(network, mac_address="fa:16:3e:00:00:01")
    assert port["fixed_ips"][1] == {"subnet_id": slaac["id"], "ip_address": "fd00::f816:3eff:fe00:1"}
    moved = member.change(f"ports/{port['id']}", "port", mac_address="fa:16:3e:00:00:02")
    assert moved["fixed_ips"][0] == port["fixed_ips"][0]
    assert moved["fixed_ips"][1]["ip_address"] == "fd00::f816:3eff:fe00:2"
    refused = member.make("ports", "port", 400, network_id=network["id"], fixed_ips=[{"ip_address": "fd00::9"}])
    assert refused["type"] == "AllocationOnAutoAddressSubnet"
    stateful = member.network()
    member.subnet(stateful, "fd01::/64", ipv6_address_mode="dhcpv6-stateful")
    assert member.port(stateful)["fixed_ips"][0]["ip_address"].startswith("fd01::")
    member.make(
        "subnets", "subnet", 400, network_id=stateful["id"], cidr="fd02::/80", ip_version=6, ipv6_address_mode="slaac"
    )


def test_a_hardware_address_is_there_once_on_a_network(member, private):
    port = member.port(private, mac_address="FA:16:3E:00:00:01")
    assert port["mac_address"] == "fa:16:3e:00:00:01"
    refused = member.make("ports", "port", 409, network_id=private["id"], mac_address="fa:16:3e:00:00:01")
    assert refused["type"] == "MacAddressInUse"
    other = member.network()
    member.port(other, mac_address="fa:16:3e:00:00:01")
    member.make("ports", "port", 400, network_id=other["id"], mac_address="01:00:5e:00:00:01")
    member.delete(f"ports/{port['id']}")
    member.port(private, mac_address="fa:16:3e:00:00:01")


def test_port_security_and_groups_go_together(member, private):
    off = member.port(private, port_security_enabled=False)
    assert off["security_groups"] == []
    group = member.make("security-groups", "security_group", name="g")
    path = f"ports/{off['id']}"
    assert member.change(path, "port", 409, security_groups=[group["id"]])["type"] == "PortSecurityPortHasSecurityGroup"
    on = member.port(private)
    assert member.change(f"ports/{on['id']}", "port", 409, port_security_enabled=False)
    member.change(f"ports/{on['id']}", "port", port_security_enabled=False, security_groups=[])
    pairs = [{"ip_address": "10.0.0.200"}]
    refused = member.change(path, "port", 409, allowed_address_pairs=pairs)
    assert refused["type"] == "AddressPairAndPortSecurityRequired"


def test_allowed_address_pairs(member, private, run):
    pairs = [{"ip_address": "10.0.0.200"}, {"ip_address": "10.9.0.0/16", "mac_address": "fa:16:3e:00:00:09"}]
    port = member.port(private, allowed_address_pairs=pairs)
    assert port["allowed_address_pairs"][0] == {"ip_address": "10.0.0.200", "mac_address": port["mac_address"]}
    assert dict(run())["port_apply"]["allowed_address_pairs"] == port["allowed_address_pairs"]
    member.make("ports", "port", 400, network_id=private["id"], allowed_address_pairs=[{"ip_address": "10.9.0.1/16"}])


def test_a_deleted_port_is_gone_at_once_and_its_row_after_its_playbook(member, private, run, session):
    port = member.port(private)
    run()
    member.delete(f"ports/{port['id']}")
    member.get(f"ports/{port['id']}", 404)
    assert session.scalars(select(Port.id)).all() == [port["id"]]
    assert run() == [("port_delete", {"id": port["id"]})]
    assert session.scalars(select(Port)).all() == []


def test_a_port_that_goes_before_its_playbook_ran_needs_none(member, private, run):
    port = member.port(private)
    member.delete(f"ports/{port['id']}")
    assert [(kind, item and item["id"]) for kind, item in run() if kind.startswith("port_")] == [
        ("port_apply", None),
        ("port_delete", port["id"]),
    ]


def test_what_tells_about_the_cloud_is_the_admins(member, operator, private):
    port = member.port(private)
    assert not {"binding:host_id", "binding:vif_type"} & set(port)
    seen = operator.get(f"ports/{port['id']}")["port"]
    assert (seen["binding:host_id"], seen["binding:vif_type"]) == ("", "unbound")
    refused = member.change(f"ports/{port['id']}", "port", 403, **{"binding:host_id": "node1"})
    assert refused["type"] == "PolicyNotAuthorized"
    member.change(f"ports/{port['id']}", "port", 400, **{"binding:vnic_type": "direct"})


def test_a_members_port_on_an_external_network_is_refused(member, public):
    member.make("ports", "port", 403, network_id=public["id"])


def test_routers_ports_are_routers(member, router, operator):
    for owner in ("network:router_interface", "network:router_gateway"):
        (port,) = operator.get(f"ports?device_owner={owner}")["ports"]
        assert operator.delete(f"ports/{port['id']}", 409)["type"] == "ServicePortInUse"
        assert operator.change(f"ports/{port['id']}", "port", 409, fixed_ips=[])["type"] == "ServicePortInUse"
    assert [port["device_owner"] for port in member.get("ports")["ports"]] == ["network:router_interface"]


def test_a_port_cannot_pretend_to_be_the_clouds(member, private):
    member.make("ports", "port", 400, network_id=private["id"], device_owner="network:router_interface")
    member.make("ports", "port", 400, network_id=private["id"], device_owner="network:dhcp")


def test_a_failed_playbook_puts_a_port_in_error_and_the_next_one_out_of_it(member, private, run):
    run()
    port = member.port(private)
    run(fault="no")
    assert member.get(f"ports/{port['id']}")["port"]["status"] == "ERROR"
    member.change(f"ports/{port['id']}", "port", name="again")
    run()
    assert member.get(f"ports/{port['id']}")["port"]["status"] == "DOWN"
