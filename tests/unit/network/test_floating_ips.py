"""Floating IPs: an address outside for an address inside, through the router between them."""

import pytest


@pytest.fixture
def port(member, private, router, run) -> dict:
    made = member.port(private)
    run()
    return made


def floating(member, public, status=201, **attributes) -> dict:
    return member.make("floatingips", "floatingip", status, floating_network_id=public["id"], **attributes)


def test_an_address_that_nothing_has_needs_no_playbook(member, public, operations, run):
    run()
    made = floating(member, public, description="spare")
    assert made["status"] == "DOWN"
    assert made["port_id"] is made["router_id"] is made["fixed_ip_address"] is None
    assert made["floating_ip_address"].startswith("203.0.113.")
    assert operations() == []


def test_an_address_is_bound_moved_and_freed(member, public, private, port, router, run, operations):
    made = floating(member, public, port_id=port["id"])
    inside = port["fixed_ips"][0]["ip_address"]
    assert (made["fixed_ip_address"], made["router_id"], made["status"]) == (inside, router["id"], "DOWN")
    (operation,) = operations()
    assert operation.touched == {made["id"]: True, public["id"]: False, router["id"]: False, port["id"]: False}
    assert run() == [
        (
            "floating_ip_apply",
            {
                "id": made["id"],
                "floating_ip_address": made["floating_ip_address"],
                "fixed_ip_address": inside,
                "port_id": port["id"],
                "router_id": router["id"],
            },
        )
    ]
    path = f"floatingips/{made['id']}"
    assert member.get(path)["floatingip"]["status"] == "ACTIVE"
    other = member.port(private)
    moved = member.change(path, "floatingip", port_id=other["id"])
    assert moved["fixed_ip_address"] == other["fixed_ips"][0]["ip_address"]
    run()
    freed = member.change(path, "floatingip", port_id=None)
    assert (freed["port_id"], freed["fixed_ip_address"], freed["router_id"]) == (None, None, None)
    ((_, item),) = run()
    assert item["router_id"] is None
    assert member.get(path)["floatingip"]["status"] == "DOWN"


def test_an_inside_address_has_one_floating_ip(member, public, port):
    floating(member, public, port_id=port["id"])
    refused = floating(member, public, 409, port_id=port["id"])
    assert refused["type"] == "FloatingIPPortAlreadyAssociated"
    assert len(member.get("floatingips")["floatingips"]) == 1


def test_no_way_from_outside(member, public):
    network = member.network()
    member.subnet(network, "10.4.0.0/24")
    port = member.port(network)
    refused = floating(member, public, 404, port_id=port["id"])
    assert refused["type"] == "ExternalGatewayForFloatingIPNotFound"
    # The refused request has left nothing behind: the address is still free.
    assert member.get("floatingips")["floatingips"] == []


def test_only_external_networks_have_floating_ips(member, private, public, operator):
    floating(member, private, 400)
    floating(member, {"id": "0f7e4fd5-3bd6-4ad8-a4b2-6f0f5a5a5a5a"}, 404)
    floating(member, public, 403, floating_ip_address="203.0.113.99")
    assert floating(operator, public, floating_ip_address="203.0.113.99")["floating_ip_address"] == "203.0.113.99"
    assert floating(operator, public, 409, floating_ip_address="203.0.113.99")["type"] == "IpAddressInUse"


def test_several_inside_addresses_must_be_told_apart(member, public, private, router):
    two = [{"ip_address": "10.0.0.20"}, {"ip_address": "10.0.0.21"}]
    port = member.port(private, fixed_ips=two)
    floating(member, public, 400, port_id=port["id"])
    floating(member, public, 400, port_id=port["id"], fixed_ip_address="10.0.0.22")
    floating(member, public, 400, fixed_ip_address="10.0.0.21")
    made = floating(member, public, port_id=port["id"], fixed_ip_address="10.0.0.21")
    changed = member.change(f"floatingips/{made['id']}", "floatingip", fixed_ip_address="10.0.0.20")
    assert changed["fixed_ip_address"] == "10.0.0.20"
    # Without the address that it was bound to, it is free again.
    member.change(f"ports/{port['id']}", "port", fixed_ips=[{"ip_address": "10.0.0.21"}])
    assert member.get(f"floatingips/{made['id']}")["floatingip"]["port_id"] is None


def test_a_router_stays_while_floating_ips_need_it(member, public, private, port, router):
    made = floating(member, public, port_id=port["id"])
    path = f"routers/{router['id']}"
    refused = member.put(f"{path}/remove_router_interface", {"subnet_id": private["subnet"]["id"]}, 409)
    assert refused["type"] == "RouterInterfaceInUseByFloatingIP"
    refused = member.change(path, "router", 409, external_gateway_info=None)
    assert refused["type"] == "RouterExternalGatewayInUseByFloatingIp"
    member.delete(f"floatingips/{made['id']}")
    member.change(path, "router", external_gateway_info=None)


def test_a_deleted_port_frees_its_floating_ip(member, public, port, run):
    made = floating(member, public, port_id=port["id"])
    run()
    member.delete(f"ports/{port['id']}")
    assert member.get(f"floatingips/{made['id']}")["floatingip"]["port_id"] is None
    assert [(kind, item.get("router_id")) for kind, item in run()] == [
        ("floating_ip_apply", None),
        ("port_delete", None),
    ]


def test_a_deleted_floating_ip_gives_its_address_back(member, operator, public, run):
    made = floating(operator, public, floating_ip_address="203.0.113.50")
    operator.delete(f"floatingips/{made['id']}")
    operator.get(f"floatingips/{made['id']}", 404)
    floating(operator, public, floating_ip_address="203.0.113.50")
    assert ("floating_ip_delete", {"id": made["id"]}) in run()


def test_strangers_do_not_reach_it(member, stranger, public, port):
    made = floating(member, public)
    stranger.get(f"floatingips/{made['id']}", 404)
    stranger.delete(f"floatingips/{made['id']}", 404)
    own = floating(stranger, public)
    refused = stranger.change(f"floatingips/{own['id']}", "floatingip", 404, port_id=port["id"])
    assert refused["type"] == "PortNotFound"


def test_a_failed_playbook_puts_it_in_error(member, public, port, run):
    made = floating(member, public, port_id=port["id"])
    run(fault="no router")
    assert member.get(f"floatingips/{made['id']}")["floatingip"]["status"] == "ERROR"
    member.delete(f"floatingips/{made['id']}")
