"""Servers that move to another compute node, nodes that are emptied and removed."""

import json
from datetime import timedelta

import pytest
from ansible_collections.tenrec.cloud.plugins.modules import disk_copy, disk_offer

from tenrec_api.exceptions import Conflict, Unavailable
from tenrec_api.models.base import now
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.image import Image
from tenrec_api.models.operation import Operation
from tenrec_api.models.port import Port
from tenrec_api.models.server import Server
from tenrec_api.orchestration.workflows.base import Fault
from tenrec_api.services import operations as operations_service
from tenrec_api.services import stranded
from tenrec_api.services.compute import evacuation, nodes, observations
from tests.unit.compute.test_item_contract import complaints

SERVERS = "/compute/v2.1/servers"
SERVICES = "/compute/v2.1/os-services"
COPIED = Fault("Copy the disk", "node2", "it broke off")


@pytest.fixture
def spare(session) -> ComputeNode:
    """Another node, on which there is nothing; smaller than `node1`, so that servers are not made there."""
    node = ComputeNode(name="node2", vcpus=4, memory_mib=2048, disk_gib=10)
    session.add(node)
    session.commit()
    return node


@pytest.fixture
def server(client, make, worker) -> str:
    """The id of a server on `node1` that is shut off."""
    server_id = make()
    worker.run()
    client.post(f"{SERVERS}/{server_id}/action", json={"os-stop": None})
    worker.run()
    return server_id


@pytest.fixture
def act(admin, server):
    """Call it with an action's name and argument, as the administrator; returns the response."""
    return lambda name, argument=None: admin.post(f"{SERVERS}/{server}/action", json={name: argument})


@pytest.fixture
def shown(admin, server):
    """Call it for the server as the administrator sees it: host, status and task."""

    def look():
        found = admin.get(f"{SERVERS}/{server}").json["server"]
        return found["OS-EXT-SRV-ATTR:host"], found["status"], found["OS-EXT-STS:task_state"]

    return look


def used(session) -> dict[str, int]:
    """How many servers count on each node."""
    session.expire_all()
    return {each.node.name: each.servers for each in nodes.listing(session)}


def test_a_server_moves_and_what_it_left_is_removed(act, shown, worker, session, server, spare, operations):
    assert act("migrate").status_code == 202
    assert shown() == ("node1", "SHUTOFF", "resize_migrating")
    assert used(session) == {"node1": 1, "node2": 1}
    (queued,) = operations()
    assert (queued.kind, queued.nodes) == ("server_migrate", {"compute": "node2", "source": "node1"})
    assert queued.touched[session.query(Image).one().id] is False
    assert worker.run() == ["server_migrate", "server_delete"]
    assert shown() == ("node2", "SHUTOFF", None)
    assert used(session) == {"node1": 0, "node2": 1}
    (left,) = session.query(Operation).where(Operation.kind == "server_delete")
    assert left.nodes == {"compute": "node1"}
    assert session.query(Port).one().binding_host_id == "node2"
    assert act("os-start").status_code == 202
    assert operations()[0].nodes == {"compute": "node2"}


def test_the_item_is_what_the_modules_take(act, worker, server, spare, session):
    act("migrate", {"host": "node2"})
    worker.run()
    item = next(each for each in worker.items if "disk" in each)
    for module in (disk_offer.DiskOffer, disk_copy.DiskCopy):
        assert complaints(module.item_spec, item["disk"]) == []
    assert item["server"]["started"] is False and item["server"]["root_disk"] is True
    assert item["server"]["ports"] and item["image"]["id"] == item["disk"]["image_id"]


def test_a_failed_move_leaves_it_where_it_was(act, shown, worker, spare, session, admin, server):
    act("migrate")
    assert worker.run(fault=COPIED) == ["server_migrate"]
    assert shown() == ("node1", "SHUTOFF", None)
    assert used(session) == {"node1": 1, "node2": 0}
    action = admin.get(f"{SERVERS}/{server}/os-instance-actions").json["instanceActions"][0]
    assert (action["action"], action["message"]) == ("migrate", "Error")


def test_only_administrators_move_servers(client, server, spare):
    assert client.post(f"{SERVERS}/{server}/action", json={"migrate": None}).status_code == 403


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("node1", "is on host node1 already"),
        ("nowhere", "there is no other compute node"),
        ("node2", "node2: takes no new servers"),
        (None, "node2: takes no new servers"),
    ],
)
def test_a_host_that_cannot_have_it_is_refused(act, shown, spare, session, host, says):
    nodes.set_enabled(session, "node2", False, "full")
    refused = act("migrate", {"host": host})
    assert refused.status_code == 400
    assert says in refused.json["badRequest"]["message"]
    assert shown() == ("node1", "SHUTOFF", None)


def test_a_server_that_runs_has_to_be_stopped_first(act, worker, spare, session, server):
    act("os-start")
    assert act("migrate").status_code == 409
    worker.run()
    refused = act("migrate")
    assert refused.status_code == 409
    assert "in vm_state active: stop it first" in refused.json["conflictingRequest"]["message"]


def test_a_server_whose_host_is_away_or_image_is_gone_is_refused(act, spare, session, server):
    observations.record_absence(session, "node1")
    session.commit()
    assert "node1 does not answer" in act("migrate").json["conflictingRequest"]["message"]
    observations.record(session, "node1", [], now())
    session.query(Image).one().status = "deleted"
    session.commit()
    assert "which is deleted" in act("migrate").json["conflictingRequest"]["message"]


def test_nothing_else_begins_while_it_moves_but_its_deletion(act, shown, worker, spare, session, admin, server):
    act("migrate")
    for action, argument in (("os-start", None), ("migrate", None), ("os-getConsoleOutput", {})):
        assert act(action, argument).status_code == 409
    assert admin.delete(f"{SERVERS}/{server}").status_code == 204
    assert "server_delete" in worker.run()
    assert all("disk" not in each for each in worker.items)
    assert used(session) == {"node1": 0, "node2": 0}
    assert session.get(Server, server).deleted_at is not None


def test_a_deletion_while_the_disk_is_copied_removes_both_ends(act, worker, spare, session, admin, server):
    act("migrate")
    operation = session.query(Operation).where(Operation.kind == "server_migrate").one()
    operation.enter("running")
    workflow = worker.workflows["server_migrate"]
    assert workflow.item(session, operation) is not None
    session.commit()
    admin.delete(f"{SERVERS}/{server}")
    session.expire_all()
    workflow.succeed(session, operation, {"id": server})
    operations_service.end(session, operation, "succeeded")
    session.commit()
    assert worker.run().count("server_delete") == 2
    removals = session.query(Operation).where(Operation.kind == "server_delete")
    assert {each.nodes["compute"] for each in removals} == {"node1", "node2"}


def test_a_move_that_nobody_works_on_is_ended(act, shown, worker, spare, session, server):
    act("migrate")
    session.query(Operation).where(Operation.kind == "server_migrate").one().status = "failed"
    session.get(Server, server).updated_at = now() - timedelta(minutes=2)
    session.commit()
    (found,) = stranded.find(session)
    assert stranded.end(session, *found)
    session.commit()
    assert shown() == ("node1", "SHUTOFF", None)
    assert worker.run() == ["server_delete"]
    assert session.query(Operation).order_by(Operation.sequence.desc()).first().nodes == {"compute": "node2"}


def test_what_is_seen_of_it_on_its_old_host_is_removed_when_it_is_off(act, worker, spare, session, server, operations):
    act("migrate")
    worker.run()
    later = now() + timedelta(seconds=1)
    for state, expected in (("running", []), ("shutoff", ["server_delete"])):
        observations.record(session, "node1", [{"id": server, "state": state}], later)
        session.commit()
        assert [each.kind for each in operations()] == expected


class Running:
    """Stands for the worker's process: ends what is queued whenever somebody waits."""

    def __init__(self, monkeypatch, worker):
        self.fault = None
        self.wait = operations_service.wait
        self.worker = worker
        monkeypatch.setattr(operations_service, "wait", self)

    def __call__(self, session, operation_id, timeout):
        session.commit()
        self.worker.run(self.fault)
        return self.wait(session, operation_id, timeout)


@pytest.fixture
def running(monkeypatch, worker) -> Running:
    """The worker's process."""
    return Running(monkeypatch, worker)


def test_a_node_is_emptied_and_removed(act, admin, worker, running, spare, session, server, shown):
    act("os-start")
    worker.run()
    assert [each["obstacle"] for each in evacuation.describe(session, "node1")["servers"]] == [None]
    assert evacuation.disable(session, "node1", "repair") is True
    assert evacuation.disable(session, "node1", "repair") is False
    assert evacuation.choose(session, server) == "node2"
    with pytest.raises(Conflict, match="stop it first"):
        evacuation.move(session, server, restart=False)
    session.rollback()
    moved = evacuation.move(session, server, restart=True)
    assert (moved.source, moved.target, moved.runs) == ("node1", "node2", True)
    assert shown() == ("node2", "ACTIVE", None)
    assert evacuation.describe(session, "node1")["servers"] == []
    assert evacuation.remove(session, "node1", lose=False) is True
    assert evacuation.remove(session, "node1", lose=False) is False
    assert [each["host"] for each in admin.get(SERVICES).json["services"]] == ["node2"]


def test_a_server_that_cannot_be_stopped_stays_as_it_is(act, worker, running, spare, session, server, shown):
    act("os-start")
    worker.run()
    running.fault = Fault("Stop the server", "node1", "it hangs")
    with pytest.raises(Unavailable, match="could not be stopped"):
        evacuation.move(session, server, restart=True)
    assert shown() == ("node1", "ACTIVE", None)
    assert used(session) == {"node1": 1, "node2": 0}


def test_a_node_with_servers_is_not_removed(admin, spare, session, server):
    (number,) = (each["id"] for each in admin.get(SERVICES).json["services"] if each["host"] == "node1")
    refused = admin.delete(f"{SERVICES}/{number}")
    assert refused.status_code == 409
    assert f"Migrate or delete the instances first: web ({server})" in refused.json["conflictingRequest"]["message"]
    with pytest.raises(Conflict, match="drain it first"):
        evacuation.remove(session, "node1", lose=True)


def test_the_servers_of_a_dead_node_are_given_up_only_on_request(
    admin, client, running, spare, session, server, worker
):
    evacuation.disable(session, "node1", "dead")
    with pytest.raises(Conflict, match="answers: its servers are not lost"):
        evacuation.remove(session, "node1", lose=True)
    observations.record_absence(session, "node1")
    session.commit()
    with pytest.raises(Conflict, match="does not answer and has servers: web"):
        evacuation.remove(session, "node1", lose=False)
    assert evacuation.remove(session, "node1", lose=True, check=True) is True
    assert used(session) == {"node1": 1, "node2": 0}
    assert evacuation.remove(session, "node1", lose=True) is True
    removal = session.query(Operation).where(Operation.kind == "server_delete").one()
    assert "compute" not in removal.nodes
    assert client.get(f"{SERVERS}/{server}").status_code == 404
    assert used(session) == {"node2": 0}


def test_an_empty_node_is_deleted_by_its_id(admin, client, spare, session):
    number = spare.number
    assert client.delete(f"{SERVICES}/{number}").status_code == 403
    assert admin.delete(f"{SERVICES}/{number}").status_code == 204
    assert admin.delete(f"{SERVICES}/{number}").status_code == 404


def test_a_node_that_an_operation_still_needs_is_not_deleted(admin, act, worker, spare, session, server):
    act("migrate")
    operation = session.query(Operation).where(Operation.kind == "server_migrate").one()
    operation.status, session.get(Server, server).target = "running", None
    session.commit()
    refused = admin.delete(f"{SERVICES}/{spare.number}")
    assert refused.status_code == 409
    assert "still needed by operation" in refused.json["conflictingRequest"]["message"]


def test_the_commands_of_an_operator(capsys, settings, monkeypatch, session, server, spare):
    from tenrec_api import manage_compute

    class Options:
        verb, name, check, reason = "show", "node1", False, "repair"

    monkeypatch.setattr(manage_compute, "make_sessions", lambda *_, **__: lambda: session)
    monkeypatch.setattr(manage_compute.Doorbell, "attach", lambda *_: None)
    assert manage_compute.run(settings, Options) == 0
    described = json.loads(capsys.readouterr().out)
    assert (described["enabled"], [each["id"] for each in described["servers"]]) == (True, [server])
    Options.verb = "disable"
    assert manage_compute.run(settings, Options) == 0
    Options.verb, Options.lose_servers = "remove", False
    assert manage_compute.run(settings, Options) == 1
    printed = capsys.readouterr()
    assert printed.out == "changed\n"
    assert "Migrate or delete the instances first" in printed.err
