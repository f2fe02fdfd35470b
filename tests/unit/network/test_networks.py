"""Networks: made at once, there when the playbook has run."""

import pytest
from sqlalchemy import select

from tenrec_api.models.network import Network


def test_a_network_is_built_by_a_playbook(member, operations, run):
    network = member.network(name="web {{ 7 * 7 }}", description="d")
    assert network["status"] == "BUILD"
    assert network["mtu"] == 1442
    assert network["subnets"] == []
    assert network["tenant_id"] == network["project_id"] == member.caller.project_id
    (operation,) = operations()
    assert (operation.kind, operation.resource_id) == ("network_apply", network["id"])
    ((_, item),) = run()
    assert item == {
        "id": network["id"],
        "name": "web {{ 7 * 7 }}",
        "mtu": 1442,
        "external": False,
        "physical_network": None,
        "segmentation_id": None,
        "subnets": [],
    }
    assert member.get(f"networks/{network['id']}")["network"]["status"] == "ACTIVE"


def test_a_network_that_could_not_be_built_is_in_error_and_can_be_deleted(member, run, session):
    network = member.network()
    run(fault="no route to the database")
    assert member.get(f"networks/{network['id']}")["network"]["status"] == "ERROR"
    member.delete(f"networks/{network['id']}")
    run()
    assert session.scalars(select(Network)).all() == []


def test_a_deleted_network_is_not_found_at_once_and_its_row_goes_with_its_playbook(member, private, run, session):
    member.delete(f"networks/{private['id']}")
    assert member.get(f"networks/{private['id']}", 404)["type"] == "NetworkNotFound"
    assert member.get(f"subnets/{private['subnet']['id']}", 404)["type"] == "SubnetNotFound"
    assert member.get("networks")["networks"] == []
    assert session.scalars(select(Network.id)).all() == [private["id"]]
    assert ("network_delete", {"id": private["id"]}) in run()
    assert session.scalars(select(Network)).all() == []


def test_a_network_with_a_port_stays(member, private):
    port = member.port(private)
    assert member.delete(f"networks/{private['id']}", 409)["type"] == "NetworkInUse"
    member.delete(f"ports/{port['id']}")
    member.delete(f"networks/{private['id']}")


def test_what_tells_about_the_cloud_is_the_admins(member, operator, public):
    assert operator.get(f"networks/{public['id']}")["network"]["provider:physical_network"] == "external"
    seen = member.get(f"networks/{public['id']}")["network"]
    assert seen["router:external"] is True
    assert not [name for name in seen if name.startswith("provider:")]


@pytest.mark.parametrize("attribute", [{"shared": True}, {"router:external": True}, {"provider:network_type": "flat"}])
def test_a_member_may_not_set_what_is_the_admins(member, attribute):
    assert member.make("networks", "network", 403, name="n", **attribute)["type"] == "PolicyNotAuthorized"


def test_one_network_has_a_place_on_a_physical_network(operator, public):
    flat = {"provider:network_type": "flat", "provider:physical_network": "external"}
    assert operator.make("networks", "network", 409, **flat)["type"] == "FlatNetworkInUse"
    vlan = {"provider:network_type": "vlan", "provider:physical_network": "external", "provider:segmentation_id": 7}
    operator.network(**vlan)
    assert operator.make("networks", "network", 409, **vlan)["type"] == "VlanIdInUse"
    operator.make("networks", "network", 400, **{**flat, "provider:physical_network": "nowhere"})
    operator.make("networks", "network", 400, **{**vlan, "provider:segmentation_id": 4095})


def test_a_place_is_free_again_at_once(operator, public):
    operator.delete(f"networks/{public['id']}")
    operator.network(**{"provider:network_type": "flat", "provider:physical_network": "external"})


def test_the_mtu_fits(member):
    assert member.network(mtu=1400)["mtu"] == 1400
    assert member.network(mtu="1300")["mtu"] == 1300
    member.make("networks", "network", 400, mtu=1443)
    member.make("networks", "network", 400, mtu=67)


def test_another_projects_network_does_not_exist(member, stranger, private):
    stranger.get(f"networks/{private['id']}", 404)
    stranger.change(f"networks/{private['id']}", "network", 404, name="mine")
    stranger.delete(f"networks/{private['id']}", 404)
    assert stranger.get("networks")["networks"] == []


def test_a_shared_network_is_seen_and_used_but_not_changed(member, operator, stranger):
    shared = operator.network(shared=True)
    operator.subnet(shared)
    assert [network["id"] for network in stranger.get("networks")["networks"]] == [shared["id"]]
    assert len(stranger.get("subnets")["subnets"]) == 1
    stranger.change(f"networks/{shared['id']}", "network", 403, name="mine")
    port = stranger.port(shared)
    assert stranger.make("ports", "port", 403, network_id=shared["id"], port_security_enabled=False)
    assert stranger.make("ports", "port", 403, network_id=shared["id"], fixed_ips=[{"ip_address": "10.0.0.9"}])
    assert operator.change(f"networks/{shared['id']}", "network", 409, shared=False)["type"] == "InvalidSharedSetting"
    assert member.get(f"ports/{port['id']}", 404)["type"] == "PortNotFound"


def test_a_change_based_on_an_old_look_is_refused(member, private):
    now = member.get(f"networks/{private['id']}")["network"]["revision_number"]
    condition = {"If-Match": f"revision_number={now}"}
    changed = member.change(f"networks/{private['id']}", "network", headers=condition, name="one")
    assert changed["revision_number"] == now + 1
    refused = member.change(f"networks/{private['id']}", "network", 412, headers=condition, name="two")
    assert refused["type"] == "RevisionNumberConstraintFailed"
    member.delete(f"networks/{private['id']}", 412, headers=condition)
    member.delete(f"networks/{private['id']}", 400, headers={"If-Match": "*"})


def test_switching_a_network_off_switches_its_ports_off(member, private, run):
    member.port(private)
    run()
    member.change(f"networks/{private['id']}", "network", admin_state_up=False)
    items = dict(run())
    assert items["port_apply"]["admin_state_up"] is False


def test_a_network_with_gateways_stays_external(operator, public, router):
    refused = operator.change(f"networks/{public['id']}", "network", 409, **{"router:external": False})
    assert refused["type"] == "ExternalNetworkInUse"
