"""What the modules wrote, as guests feel it: a real chassis carries their frames."""

import time

import pytest

from tests.functional import frames
from tests.functional.ovn.conftest import Modules
from tests.functional.ovn.tenant import FLOATING, GROUP, NETWORK, PORT, SUBNET
from tests.functional.private_chassis import PrivateChassis

ROUTER_MAC = "fa:16:3e:00:00:10"
WEB = ("fa:16:3e:00:00:01", "10.0.0.5")
CLIENT = ("fa:16:3e:00:00:02", "10.0.0.6")
CLIENT_PORT = "c1157e00-0000-4000-8000-000000000001"
BRIEFLY = 0.4
"""Seconds after which a frame that has not come is taken for dropped; one that comes takes some milliseconds."""


@pytest.fixture
def chassis(ovn, ovn_programs, tmp_path):
    """The one chassis of the private OVN, a gateway."""
    chassis = PrivateChassis(ovn_programs, tmp_path, ovn.southbound, "chassis-1")
    try:
        chassis.start()
        end = time.monotonic() + 10
        while [row["nb_cfg"] for row in ovn.rows("Chassis_Private", side="sb")] != [ovn.rows("NB_Global")[0]["nb_cfg"]]:
            assert time.monotonic() < end, "the chassis does not follow"
            time.sleep(0.05)
        yield chassis
    finally:
        chassis.stop()


@pytest.fixture
def modules(ovn, chassis):
    """The modules, which wait for the chassis."""
    modules = Modules(ovn, [], sync="chassis")
    yield modules
    assert modules.warnings == []


@pytest.fixture
def world(modules, chassis, story, items):
    """The story with a second guest, both plugged in. Returns the names of the interfaces: web, client."""
    (port,) = items["port"]
    mac, ip = CLIENT
    items["port"].append(
        {**port, "id": CLIENT_PORT, "mac_address": mac, "fixed_ips": [{"subnet_id": SUBNET, "ip_address": ip}]}
    )
    modules.tell(story)
    return chassis.plug(PORT), chassis.plug(CLIENT_PORT)


def connects(chassis, world, port):
    """Whether the client's first segment to a port of the web server gets there."""
    web, client = world
    chassis.send(client, frames.syn(*CLIENT, *WEB, port))
    return chassis.receive(web, lambda frame: frames.is_ip(frame, CLIENT[1], WEB[1], frames.TCP), BRIEFLY) is not None


def test_a_guest_gets_what_its_subnet_says(chassis, modules, world):
    chassis.send(world[0], frames.dhcp_discover(WEB[0]))
    offer = chassis.receive(world[0], frames.is_dhcp_answer)
    assert offer is not None, "no DHCP offer"
    answer = frames.dhcp_answer(offer)
    assert answer["address"] == WEB[1]
    assert answer[frames.DHCP_MESSAGE_TYPE] == bytes([frames.OFFER])
    assert answer[frames.DHCP_MTU] == (1442).to_bytes(2)
    assert answer[frames.DHCP_ROUTER] == bytes([10, 0, 0, 1])
    assert answer[frames.DHCP_DNS] == bytes([192, 0, 2, 53])


def test_dhcp_needs_no_security_group(chassis, modules, items, world):
    modules.tell([("port", [{**items["port"][0], "security_group_ids": []}])])
    chassis.send(world[0], frames.dhcp_discover(WEB[0]))
    assert chassis.receive(world[0], frames.is_dhcp_answer) is not None


def test_the_router_answers(chassis, modules, world):
    chassis.send(world[0], frames.arp_request(*WEB, "10.0.0.1"))
    reply = chassis.receive(world[0], frames.is_arp_reply)
    assert reply is not None and frames.arp_sender(reply) == ROUTER_MAC
    chassis.send(world[0], frames.ping(*WEB, ROUTER_MAC, "10.0.0.1"))
    answered = chassis.receive(world[0], lambda frame: frames.is_ip(frame, "10.0.0.1", WEB[1], frames.ICMP))
    assert answered is not None


def test_a_rule_is_in_force_when_the_module_returns(chassis, modules, items, world):
    (group,) = items["security_group"]
    assert not connects(chassis, world, 22), "the rule lets others in, not this client"
    opened = {**group["rules"][1], "remote_ip_prefix": None, "remote_group_id": GROUP}
    modules.tell([("security_group", [{**group, "rules": [group["rules"][0], opened]}])])
    assert connects(chassis, world, 22)
    assert not connects(chassis, world, 23)
    modules.tell([("security_group", [group])])
    assert not connects(chassis, world, 2222)


def test_an_answer_comes_back_through_a_closed_group(chassis, modules, items, world):
    (group,) = items["security_group"]
    modules.tell([("security_group", [{**group, "rules": [group["rules"][0], any_tcp(group)]}])])
    assert connects(chassis, world, 80)
    web, client = world
    chassis.send(web, frames.syn_ack(*WEB, *CLIENT, 80))
    assert chassis.receive(client, lambda frame: frames.is_ip(frame, WEB[1], CLIENT[1], frames.TCP)) is not None


def any_tcp(group):
    return {**group["rules"][1], "port_range_min": None, "port_range_max": None, "remote_ip_prefix": f"{WEB[1]}/24"}


@pytest.mark.parametrize("forged", [("fa:16:3e:00:00:99", CLIENT[1]), (CLIENT[0], "10.0.0.77")], ids=["mac", "ip"])
def test_nobody_sends_in_anothers_name_unless_allowed(chassis, modules, items, world, forged):
    web, client = world
    (group,) = items["security_group"]
    modules.tell([("security_group", [{**group, "rules": [group["rules"][0], any_tcp(group)]}])])

    def arrives():
        chassis.send(client, frames.syn(*forged, *WEB, 80))
        return chassis.receive(web, lambda frame: frames.is_ip(frame, forged[1], WEB[1], frames.TCP), BRIEFLY)

    assert arrives() is None
    allowed = [{"mac_address": forged[0], "ip_address": forged[1]}]
    modules.tell([("port", [{**items["port"][1], "allowed_address_pairs": allowed}])])
    assert arrives() is not None


def test_a_floating_ip_leads_to_its_port_and_back(chassis, modules, items, world):
    """The client calls the floating IP through the router: the web server is asked, and answers as the floating IP."""
    web, client = world
    (group,) = items["security_group"]
    everywhere = {**any_tcp(group), "remote_ip_prefix": None}
    modules.tell([("security_group", [{**group, "rules": [group["rules"][0], everywhere]}])])
    outside = items["floating_ip"][0]["floating_ip_address"]
    chassis.send(client, frames.syn(*CLIENT, ROUTER_MAC, outside, 80))
    asked = chassis.receive(web, lambda frame: frames.is_tcp_to(frame, WEB[1], 80))
    assert asked is not None, "the floating IP leads nowhere"
    modules.tell([("floating_ip", [{**items["floating_ip"][0], "router_id": None}])])
    chassis.send(client, frames.syn(*CLIENT, ROUTER_MAC, outside, 81))
    assert chassis.receive(web, lambda frame: frames.is_tcp_to(frame, WEB[1], 81), BRIEFLY) is None


def test_a_chassis_that_died_costs_little_and_is_named(ovn, chassis, story, items):
    patient = Modules(ovn, [], sync="chassis")
    patient.tell(story)
    assert patient.warnings == []
    chassis.freeze()
    try:
        late = ["these chassis have not followed the change yet: chassis-1"]
        started = time.monotonic()
        patient.run("floating_ip", [{"id": FLOATING}], state="absent", sync_timeout=1.0)
        assert time.monotonic() - started < 2
        assert patient.warnings == late
        # From here on it lags behind for longer than a living chassis ever does.
        time.sleep(5.5)
        patient.warnings.clear()
        started = time.monotonic()
        patient.run("floating_ip", items["floating_ip"], sync_timeout=10.0)
        assert time.monotonic() - started < 3
        assert patient.warnings == late
    finally:
        chassis.freeze(frozen=False)


def test_a_network_goes_while_nobody_is_on_it(modules, chassis, story, world):
    for name in world:
        chassis.unplug(name)
    for noun, items in reversed(story):
        results = modules.run(noun, [{"id": item["id"]} for item in items], state="absent")
        assert [result for result in results.values() if "error" in result] == []
    assert modules.ovn.rows("Logical_Switch", [["name", "==", f"neutron-{NETWORK}"]]) == []
