"""What the compute API asks of the network API."""

import pytest
from sqlalchemy import select

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, InvalidInput, NotFound
from tenrec_api.models.port import Port
from tenrec_api.services.network import ports, security_groups

SERVER = "6d1f6c1e-6e1c-4b0e-9a53-0d8f2b7a1c11"


@pytest.fixture
def context(client) -> Context:
    """The member, as services see it."""
    return Context(request_id="req-test", project_id=client.project_id, roles=frozenset({"member"}))


@pytest.fixture
def plug(session, context, private):
    """Makes a port for a server, as its creation does."""

    def make(server_id: str = SERVER, **options) -> Port:
        groups = security_groups.resolve(session, context, options.pop("groups", []))
        port = ports.create_for_server(session, context, server_id, private["id"], "node1", groups, **options)
        session.commit()
        return port

    return make


def test_a_server_gets_a_port(member, operator, session, plug, private, operations, run):
    run()
    port = plug(fixed_ip="10.0.0.40")
    # The server's own playbook makes the port: nothing but its group's is queued.
    assert [operation.kind for operation in operations()] == ["security_group_apply"]
    shown = operator.get(f"ports/{port.id}")["port"]
    assert (shown["device_id"], shown["device_owner"], shown["binding:host_id"]) == (SERVER, "compute:nova", "node1")
    assert shown["binding:vif_type"] == "ovs"
    item = ports.item(session, port)
    assert (item["mtu"], item["fixed_ips"][0]["ip_address"]) == (1442, "10.0.0.40")
    exclusive, shared = ports.operation_resources([port])
    assert exclusive == {port.id}
    assert shared == {private["id"], *port.security_group_ids}


def test_its_ports_follow_the_server(member, session, plug):
    port = plug()
    for active, status in ((True, "ACTIVE"), (False, "DOWN")):
        ports.set_server_active(session, SERVER, active)
        session.commit()
        assert member.get(f"ports/{port.id}")["port"]["status"] == status


def test_addresses_of_many_servers(session, member, public, private, router, plug):
    port, other = plug(), plug("another server")
    made = member.make("floatingips", "floatingip", floating_network_id=public["id"], port_id=port.id)
    found = ports.addresses_of_servers(session, [SERVER, "another server", "nobody"])
    assert found == {
        SERVER: [
            {
                "network_name": "private",
                "ip": port.fixed_ips[0].ip_address,
                "version": 4,
                "mac": port.mac_address,
                "type": "fixed",
            },
            {
                "network_name": "private",
                "ip": made["floating_ip_address"],
                "version": 4,
                "mac": port.mac_address,
                "type": "floating",
            },
        ],
        "another server": [
            {
                "network_name": "private",
                "ip": other.fixed_ips[0].ip_address,
                "version": 4,
                "mac": other.mac_address,
                "type": "fixed",
            }
        ],
        "nobody": [],
    }


def test_the_end_of_a_server(session, context, member, public, private, router, plug, run):
    made = plug()
    floating = member.make("floatingips", "floatingip", floating_network_id=public["id"], port_id=made.id)
    given = member.port(private)
    ports.bind(session, context, given["id"], SERVER, "node1")
    session.commit()
    run()
    ports.release_server_ports(session, SERVER)
    session.commit()
    member.get(f"ports/{made.id}", 404)
    assert session.scalars(select(Port).where(Port.id == made.id)).first() is None
    kept = member.get(f"ports/{given['id']}")["port"]
    assert (kept["device_id"], kept["device_owner"], kept["status"]) == ("", "", "DOWN")
    assert member.get(f"floatingips/{floating['id']}")["floatingip"]["port_id"] is None
    items = dict(run())
    assert items["floating_ip_apply"]["router_id"] is None
    assert (items["port_apply"]["id"], items["port_apply"]["device_id"]) == (given["id"], "")
    # Called again, after a crash of the worker: nothing more to do.
    ports.release_server_ports(session, SERVER)
    session.commit()
    assert run() == []


def test_a_port_has_one_server(session, context, member, private, plug):
    given = member.port(private)
    ports.bind(session, context, given["id"], SERVER, "node1")
    ports.bind(session, context, given["id"], SERVER, "node1")
    with pytest.raises(Conflict) as caught:
        ports.bind(session, context, given["id"], "another server", "node1")
    assert caught.value.kind == "PortInUse"
    session.commit()
    refused = member.change(f"ports/{given['id']}", "port", 409, device_id="another server")
    assert refused["type"] == "PortInUse"
    member.change(f"ports/{given['id']}", "port", name="still mine")


def test_a_tenant_cannot_slip_a_port_into_a_server(member, session, private, plug):
    plug()
    body = {"network_id": private["id"], "device_id": SERVER}
    member.make("ports", "port", 400, device_owner="compute:nova", **body)
    port = member.make("ports", "port", **body)
    member.change(f"ports/{port['id']}", "port", 400, device_owner="compute:nova")
    assert port["id"] not in [each.id for each in ports.of_server(session, SERVER)]


def test_the_network_of_a_server_that_asks_for_none(session, context, member, operator, public):
    assert ports.find_network_for_server(session, context) is None
    network = member.network()
    assert ports.find_network_for_server(session, context) == network["id"]
    operator.network(shared=True)
    with pytest.raises(Conflict) as caught:
        ports.find_network_for_server(session, context)
    assert caught.value.kind == "NetworkAmbiguous"


def test_networks_that_servers_cannot_have(session, context, member, public):
    bare = member.network()
    with pytest.raises(InvalidInput, match="requires a subnet"):
        ports.create_for_server(session, context, SERVER, bare["id"], "node1", [])
    with pytest.raises(Forbidden):
        ports.create_for_server(session, context, SERVER, public["id"], "node1", [])
    with pytest.raises(NotFound):
        ports.create_for_server(session, context, SERVER, "nowhere", "node1", [])


def test_groups_by_name_and_id(session, context, member, stranger):
    web = member.make("security-groups", "security_group", name="web")
    assert security_groups.resolve(session, context, ["web", web["id"]]) == [web["id"]]
    (default,) = security_groups.resolve(session, context, [])
    assert security_groups.resolve(session, context, ["default"]) == [default]
    member.make("security-groups", "security_group", name="web")
    with pytest.raises(Conflict, match="Multiple security groups"):
        security_groups.resolve(session, context, ["web"])
    foreign = stranger.make("security-groups", "security_group", name="theirs")
    for name in ("theirs", foreign["id"], "nothing"):
        with pytest.raises(NotFound):
            security_groups.resolve(session, context, [name])


def test_a_servers_groups_change_on_all_its_ports(session, context, member, plug, run):
    web = member.make("security-groups", "security_group", name="web")
    made = [plug(), plug()]
    run()
    ports.change_security_groups(session, context, SERVER, add="web")
    session.commit()
    items = run()
    assert {item["id"] for _, item in items} == {port.id for port in made}
    assert all(web["id"] in item["security_group_ids"] for _, item in items)
    ports.change_security_groups(session, context, SERVER, remove=web["id"])
    session.commit()
    assert all(web["id"] not in item["security_group_ids"] for _, item in run())
    with pytest.raises(NotFound, match="not associated"):
        ports.change_security_groups(session, context, SERVER, remove="web")
