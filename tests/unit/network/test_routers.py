"""Routers: interfaces, gateways, routes."""

import pytest
from sqlalchemy import select

from tenrec_api.models.port import Port
from tenrec_api.models.router import Router


def test_a_router_between_two_networks(member, operator, public, private, router, run, operations):
    last = operations()[-1]
    assert last.kind == "router_apply"
    assert last.touched[router["id"]] is True
    assert last.touched[public["id"]] is last.touched[private["id"]] is False
    items = dict(run())
    item = items["router_apply"]
    (interface,) = item["interfaces"]
    (port,) = member.get("ports?device_owner=network:router_interface")["ports"]
    (gateway,) = operator.get("ports?device_owner=network:router_gateway")["ports"]
    assert interface == {
        "port_id": port["id"],
        "mac_address": port["mac_address"],
        "network_id": private["id"],
        "cidrs": ["10.0.0.1/24"],
        "mtu": 1442,
        "ipv6_ra_mode": None,
    }
    assert item["gateway"] == {
        "port_id": gateway["id"],
        "mac_address": gateway["mac_address"],
        "network_id": public["id"],
        "cidrs": [gateway["fixed_ips"][0]["ip_address"] + "/24"],
        "mtu": 1500,
        "gateway_ip": "203.0.113.1",
        "enable_snat": True,
    }
    assert item["snat_cidrs"] == ["10.0.0.0/24"]
    shown = member.get(f"routers/{router['id']}")["router"]
    assert shown["status"] == "ACTIVE"
    assert shown["external_gateway_info"] == {
        "network_id": public["id"],
        "enable_snat": True,
        "external_fixed_ips": gateway["fixed_ips"],
    }
    assert member.get(f"ports/{port['id']}")["port"]["status"] == "ACTIVE"
    # The gateway port is the cloud's own: the project neither sees it nor pays for it with its quota.
    assert gateway["project_id"] == ""
    member.get(f"ports/{gateway['id']}", 404)


def test_a_router_without_a_gateway_has_no_source_nat(member, private, run):
    router = member.router()
    assert router["external_gateway_info"] is None
    member.put(f"routers/{router['id']}/add_router_interface", {"subnet_id": private["subnet"]["id"]})
    assert dict(run())["router_apply"]["gateway"] is None


def test_interfaces_come_and_go(member, private, router, run, session):
    run()
    path = f"routers/{router['id']}"
    refused = member.put(f"{path}/add_router_interface", {"subnet_id": private["subnet"]["id"]}, 400)
    assert "already has a port" in refused["message"]
    answer = member.put(f"{path}/remove_router_interface", {"subnet_id": private["subnet"]["id"]})
    assert answer["subnet_ids"] == [private["subnet"]["id"]]
    assert answer["id"] == router["id"]
    ((kind, item),) = run()
    assert (kind, item["interfaces"], item["snat_cidrs"]) == ("router_apply", [], [])
    assert session.scalars(select(Port).where(Port.id == answer["port_id"])).first() is None
    again = member.put(f"{path}/remove_router_interface", {"subnet_id": private["subnet"]["id"]}, 404)
    assert again["type"] == "RouterInterfaceNotFoundForSubnet"


def test_an_interface_by_port(member, private, run):
    port = member.port(private, fixed_ips=[{"ip_address": "10.0.0.99"}])
    router = member.router()
    run()
    path = f"routers/{router['id']}"
    member.put(f"{path}/add_router_interface", {"port_id": port["id"]})
    done = run()
    # The tenant's logical port goes before the router's playbook makes the router's.
    assert [kind for kind, _ in done] == ["port_delete", "router_apply"]
    assert done[1][1]["interfaces"][0]["cidrs"] == ["10.0.0.99/24"]
    shown = member.get(f"ports/{port['id']}")["port"]
    assert (shown["device_owner"], shown["device_id"], shown["security_groups"]) == (
        "network:router_interface",
        router["id"],
        [],
    )
    other = member.router()
    refused = member.put(f"routers/{other['id']}/add_router_interface", {"port_id": port["id"]}, 409)
    assert refused["type"] == "PortInUse"
    member.put(f"{path}/remove_router_interface", {"port_id": port["id"]})
    member.get(f"ports/{port['id']}", 404)


@pytest.mark.parametrize("body", [{}, {"subnet_id": None}, {"subnet_id": "x"}, {"network_id": "x"}, {"port_id": 7}])
def test_an_interface_needs_a_subnet_or_a_port(member, body):
    router = member.router()
    member.put(f"routers/{router['id']}/add_router_interface", body, 400)
    member.put(f"routers/{router['id']}/remove_router_interface", body, 400)


def test_overlapping_networks_do_not_meet_at_a_router(member, router):
    network = member.network()
    subnet = member.subnet(network, "10.0.0.0/25")
    refused = member.put(f"routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}, 400)
    assert "overlaps" in refused["message"]
    outside = member.subnet(network, "203.0.113.0/26")
    member.put(f"routers/{router['id']}/add_router_interface", {"subnet_id": outside["id"]}, 400)
    bare = member.subnet(network, "10.3.0.0/24", gateway_ip=None)
    member.put(f"routers/{router['id']}/add_router_interface", {"subnet_id": bare["id"]}, 400)


def test_two_routers_cannot_have_one_gateway_address(member, private, router):
    other = member.router()
    refused = member.put(f"routers/{other['id']}/add_router_interface", {"subnet_id": private["subnet"]["id"]}, 409)
    assert refused["type"] == "IpAddressInUse"


def test_a_router_with_interfaces_stays(member, router, private, run, session):
    assert member.delete(f"routers/{router['id']}", 409)["type"] == "RouterInUse"
    member.put(f"routers/{router['id']}/remove_router_interface", {"subnet_id": private["subnet"]["id"]})
    member.delete(f"routers/{router['id']}")
    member.get(f"routers/{router['id']}", 404)
    assert run()[-1] == ("router_delete", {"id": router["id"]})
    assert session.scalars(select(Router)).all() == []
    assert session.scalars(select(Port)).all() == []


def test_a_gateway_can_be_taken_away_and_needs_an_external_network(member, operator, public, private, router, run):
    path = f"routers/{router['id']}"
    changed = member.change(path, "router", external_gateway_info=None)
    assert changed["external_gateway_info"] is None
    assert operator.get("ports?device_owner=network:router_gateway")["ports"] == []
    run()
    member.change(path, "router", 400, external_gateway_info={"network_id": private["id"]})
    member.change(path, "router", external_gateway_info={"network_id": public["id"]})
    member.change(path, "router", external_gateway_info={})
    assert member.get(path)["router"]["external_gateway_info"] is None


def test_source_nat_and_the_address_outside_are_the_admins(member, operator, public, router):
    path = f"routers/{router['id']}"
    info = {"network_id": public["id"], "enable_snat": False}
    assert member.change(path, "router", 403, external_gateway_info=info)["type"] == "PolicyNotAuthorized"
    chosen = {"network_id": public["id"], "external_fixed_ips": [{"ip_address": "203.0.113.77"}]}
    member.change(path, "router", 403, external_gateway_info=chosen)
    changed = operator.change(path, "router", external_gateway_info={**info, **chosen, "enable_snat": False})
    assert changed["external_gateway_info"]["enable_snat"] is False
    assert changed["external_gateway_info"]["external_fixed_ips"][0]["ip_address"] == "203.0.113.77"
    # A member's change of something else leaves what the admin chose.
    kept = member.change(path, "router", external_gateway_info={"network_id": public["id"]}, name="r")
    assert kept["external_gateway_info"] == changed["external_gateway_info"]


def test_routes_go_to_neighbours(member, router, private, run):
    path = f"routers/{router['id']}"
    routes = [{"destination": "10.7.0.0/16", "nexthop": "10.0.0.9"}]
    assert member.change(path, "router", routes=routes)["routes"] == routes
    assert dict(run())["router_apply"]["routes"] == routes
    for nexthop in ("10.0.5.9", "10.0.0.1", "fd00::1"):
        bad = [{"destination": "10.8.0.0/16", "nexthop": nexthop}]
        assert member.change(path, "router", 400, routes=bad)["type"] == "InvalidRoutes"
    refused = member.put(f"{path}/remove_router_interface", {"subnet_id": private["subnet"]["id"]}, 409)
    assert refused["type"] == "RouterInterfaceInUseByRoute"
    assert member.change(path, "router", routes=None)["routes"] == []


def test_strangers_do_not_reach_a_router(stranger, router, private):
    body = {"subnet_id": private["subnet"]["id"]}
    stranger.get(f"routers/{router['id']}", 404)
    stranger.put(f"routers/{router['id']}/remove_router_interface", body, 404)
    own = stranger.router()
    stranger.put(f"routers/{own['id']}/add_router_interface", body, 404)


def test_a_failed_playbook_puts_a_router_in_error(member, run):
    router = member.router()
    run(fault="no gateway chassis")
    assert member.get(f"routers/{router['id']}")["router"]["status"] == "ERROR"
    member.delete(f"routers/{router['id']}")
    run()
    assert member.get("routers")["routers"] == []


def test_ipv6_interfaces_advertise(member, run):
    network = member.network()
    subnet = member.subnet(network, "fd00::/64", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
    router = member.router()
    member.put(f"routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    (interface,) = dict(run())["router_apply"]["interfaces"]
    assert (interface["cidrs"], interface["ipv6_ra_mode"]) == (["fd00::1/64"], "slaac")
