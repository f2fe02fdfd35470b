"""Start, stop, reboot, lock, security groups, console; and the history of all that."""

import pytest
from sqlalchemy import select

from tenrec_api.models.operation import Operation
from tenrec_api.models.server import Server
from tenrec_api.orchestration.workflows.base import Fault
from tenrec_api.services import operations as service
from tenrec_api.services.compute import observations

SERVERS = "/compute/v2.1/servers"


@pytest.fixture
def server(client, make, worker):
    """The id of a server that is ACTIVE."""
    server_id = make()
    worker.run()
    return server_id


@pytest.fixture
def act(client, server):
    """Call it with an action's name and argument; returns the response."""

    def post(name, argument=None, caller=client):
        return caller.post(f"{SERVERS}/{server}/action", json={name: argument})

    return post


@pytest.fixture
def state(client, server):
    """Call it for the server's status, task and power state."""

    def look():
        shown = client.get(f"{SERVERS}/{server}").json["server"]
        return shown["status"], shown["OS-EXT-STS:task_state"], shown["OS-EXT-STS:power_state"]

    return look


def test_stop_and_start(act, state, worker):
    assert act("os-stop").status_code == 202
    assert state() == ("ACTIVE", "powering-off", 1)
    busy = act("os-start")
    assert busy.status_code == 409
    assert busy.json["conflictingRequest"]["message"].endswith("while it is in task_state powering-off")
    assert worker.run() == ["server_stop"]
    assert state() == ("SHUTOFF", None, 4)
    wrong = act("os-stop")
    assert wrong.status_code == 409
    assert "Cannot 'stop' instance" in wrong.json["conflictingRequest"]["message"]
    assert wrong.json["conflictingRequest"]["message"].endswith("while it is in vm_state stopped")
    assert act("os-start").status_code == 202
    assert worker.run() == ["server_start"]
    assert state() == ("ACTIVE", None, 1)


@pytest.mark.parametrize(("kind", "during"), [("SOFT", "REBOOT"), ("HARD", "HARD_REBOOT")])
def test_reboot(act, state, worker, kind, during):
    assert act("reboot", {"type": kind}).status_code == 202
    assert state()[0] == during
    assert worker.run() == ["server_reboot"]
    assert worker.items[-1]["type"] == kind
    assert state() == ("ACTIVE", None, 1)


def test_a_soft_reboot_needs_a_running_guest_and_a_hard_one_does_not(act, state, worker):
    act("os-stop")
    worker.run()
    assert act("reboot", {"type": "SOFT"}).status_code == 409
    assert act("reboot", {"type": "HARD"}).status_code == 202
    worker.run()
    assert state() == ("ACTIVE", None, 1)


def test_a_failed_stop_leaves_the_server_as_it_was(act, state, worker, client, server, admin):
    act("os-stop")
    worker.run(fault=Fault("Stop the domains", "node1", "timed out"))
    assert state() == ("ACTIVE", None, 1)
    action = client.get(f"{SERVERS}/{server}/os-instance-actions").json["instanceActions"][0]
    assert (action["action"], action["message"]) == ("stop", "Error")
    path = f"{SERVERS}/{server}/os-instance-actions/{action['request_id']}"
    (event,) = client.get(path).json["instanceAction"]["events"]
    assert (event["result"], event["traceback"]) == ("Error", "Stop the domains: timed out")
    assert "host" not in event
    assert admin.get(path).json["instanceAction"]["events"][0]["host"] == "node1"


def test_what_a_fault_tells_the_owner_names_no_host(act, worker, client, admin, server):
    path = f"{SERVERS}/{server}"
    act("reboot", {"type": "SOFT"})
    worker.run(fault=Fault("Reboot the server", "node1", "node1 has no such domain"))
    assert client.get(path).json["server"]["fault"]["message"] == "Reboot the server: the host has no such domain"
    act("reboot", {"type": "HARD"})
    worker.run(fault=Fault("Reboot the server", "node1", "ssh: connect to 192.0.2.7 failed", transient=True))
    fault = client.get(path).json["server"]["fault"]
    assert fault["message"] == "Reboot the server: The host, or a service on it, could not be reached."
    assert "details" not in fault
    assert "192.0.2.7" in admin.get(path).json["server"]["fault"]["details"]
    for action in client.get(f"{path}/os-instance-actions").json["instanceActions"]:
        shown = client.get(f"{path}/os-instance-actions/{action['request_id']}").json
        assert "node1" not in str(shown) and "192.0.2.7" not in str(shown)


def test_a_failed_reboot_is_an_error_that_a_hard_reboot_mends(act, state, worker, client, server):
    act("reboot", {"type": "SOFT"})
    worker.run(fault=Fault("Reboot the domains", "node1", "no answer"))
    assert state()[0] == "ERROR"
    assert client.get(f"{SERVERS}/{server}").json["server"]["fault"]["message"] == "Reboot the domains: no answer"
    assert act("reboot", {"type": "HARD"}).status_code == 202
    worker.run()
    assert state() == ("ACTIVE", None, 1)
    assert "fault" not in client.get(f"{SERVERS}/{server}").json["server"]


def test_the_history_is_there_after_the_server_is_gone(client, server, worker):
    client.delete(f"{SERVERS}/{server}")
    worker.run()
    actions = client.get(f"{SERVERS}/{server}/os-instance-actions").json["instanceActions"]
    assert [action["action"] for action in actions] == ["delete", "create"]
    assert client.get(f"{SERVERS}/{server}/os-instance-actions/req-none").status_code == 404


def test_a_locked_server_moves_for_administrators_only(act, client, admin, server, state):
    assert act("lock").status_code == 202
    refused = act("os-stop")
    assert (refused.status_code, refused.json["conflictingRequest"]["message"]) == (409, f"Instance {server} is locked")
    assert client.delete(f"{SERVERS}/{server}").status_code == 409
    assert act("os-stop", caller=admin).status_code == 202
    assert act("unlock").status_code == 202
    assert act("lock", caller=admin).status_code == 202
    assert act("unlock").status_code == 403
    assert act("unlock", caller=admin).status_code == 202


def test_security_groups(act, client, server, operations):
    made = client.post("/network/v2.0/security-groups", json={"security_group": {"name": "web"}})
    assert made.status_code == 201, made.json

    def names():
        return [group["name"] for group in client.get(f"{SERVERS}/{server}").json["server"]["security_groups"]]

    assert act("addSecurityGroup", {"name": "web"}).status_code == 202
    assert names() == ["default", "web"]
    assert operations()[-1].kind == "port_apply"
    assert act("removeSecurityGroup", {"name": "web"}).status_code == 202
    assert names() == ["default"]
    assert act("removeSecurityGroup", {"name": "web"}).status_code == 404
    assert act("addSecurityGroup", {"name": "none of mine"}).status_code == 404


def test_the_console_is_read_by_a_run(app, act, server, monkeypatch):
    def answer():
        with app.extensions["tenrec"].sessions() as session:
            operation = session.query(Operation).filter_by(kind="server_console").one()
            assert operation.parameters["length"] == 5
            operation.enter("running")
            service.end(session, operation, "succeeded", result={"output": "login:"})
            session.commit()

    # SQLite in memory has one connection for all threads, so the run ends just when the request begins to wait for it.
    wait = service.wait
    monkeypatch.setattr(service, "wait", lambda *arguments: (answer(), wait(*arguments))[1])
    told = act("os-getConsoleOutput", {"length": 5})
    assert (told.status_code, told.json) == (200, {"output": "login:"})


def test_no_console_before_there_is_a_server(client, make):
    server_id = make()
    answer = client.post(f"{SERVERS}/{server_id}/action", json={"os-getConsoleOutput": {}})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"os-start": None, "os-stop": None},
        {"createImage": {"name": "x"}},
        {"resize": {"flavorRef": "1"}},
        {"reboot": None},
        {"reboot": {"type": "GENTLE"}},
        {"reboot": {"type": 1}},
        {"reboot": []},
        {"os-stop": {"now": True}},
        {"addSecurityGroup": {"name": 5}},
        {"addSecurityGroup": "web"},
        {"os-getConsoleOutput": {"length": "many"}},
        {"os-getConsoleOutput": {"length": -2}},
        [],
        "os-start",
        None,
    ],
)
def test_what_is_no_action_is_refused(client, server, body):
    answer = client.post(f"{SERVERS}/{server}/action", json=body)
    assert answer.status_code == 400, answer.json


@pytest.fixture
def look(session, worker):
    """Call it with domains as a run of `observe` saw them, beginning `seconds` ago.

    What is off was switched off for `reason`; `boot` says which start of the host that was in.
    """

    def observe(*domains, seconds=-1.0, reason="shutdown", boot="first"):
        seen = [
            {"id": server_id, "state": state, "reason": reason if state == "shutoff" else None}
            for server_id, state in domains
        ]

        class Result:
            host_faults = {}
            hosts = {"node1": {"domains": seen, "boot": boot}}

        Result.seconds = seconds
        (periodic,) = (each for each in worker.periodics if each.kind == "observe")
        periodic.record(session, Result)

    return observe


def test_what_a_look_at_the_domains_changes(look, worker, state, server, act):
    look((server, "shutoff"), ("unknown", "running"))
    assert state() == ("SHUTOFF", None, 4)
    look((server, "running"), seconds=60)
    assert state() == ("SHUTOFF", None, 4), "a look that began before the last change says nothing"
    act("os-start")
    look((server, "shutoff"))
    assert state() == ("SHUTOFF", "powering-on", 4)
    worker.run()
    look((server, "paused"))
    assert state() == ("ACTIVE", None, 3)


def test_what_a_lost_removal_left_behind_is_removed(look, session, worker, server, state, operations):
    row = session.get(Server, server)
    row.status, row.node, row.node_id = "ERROR", None, None
    session.commit()
    look((server, "running"))
    look((server, "running"))
    (removal,) = operations()
    assert (removal.kind, removal.resource_id, removal.nodes) == ("server_delete", server, {"compute": "node1"})
    worker.run()
    assert worker.items[-1] == {"id": server, "ports": [], "volumes": []}
    assert state()[0] == "ERROR"


@pytest.mark.parametrize("reason", ["destroyed", "crashed", "unknown"])
def test_a_server_that_lost_its_power_is_drift_and_not_off(look, worker, state, server, operations, reason):
    worker.run()
    look((server, "shutoff"), reason=reason)
    assert state() == ("ACTIVE", None, 4)
    assert operations() == []


def test_a_host_that_was_started_again_gets_its_servers_back(look, session, worker, state, server, operations):
    look((server, "running"), boot="first")
    look((server, "shutoff"), boot="second", reason="unknown")
    (repair,) = operations()
    assert (repair.kind, repair.resource_id, repair.parameters) == ("server_create", server, {"repair": True})
    assert state()[0] == "ACTIVE"
    look((server, "shutoff"), boot="second", reason="unknown")
    assert len(operations()) == 1, "it is under way"
    worker.run()
    assert state() == ("ACTIVE", None, 1)
    look((server, "shutoff"), boot="second")
    assert state()[0] == "SHUTOFF", "its guest went by itself"
    look((server, "shutoff"), boot="third", reason="unknown")
    assert operations() == [], "it was off before"


def test_a_repair_that_fails_leaves_the_server_as_it_was(look, session, worker, state, server):
    look((server, "running"), boot="first")
    look((server, "shutoff"), boot="second", reason="unknown")
    worker.run(Fault("Start the server", "node1", "no memory"))
    assert state()[0] == "ACTIVE"
    assert session.get(Server, server).node is not None


def test_a_server_whose_storage_comes_back_after_its_host_gets_its_power_then(look, session, worker, state, server):
    look((server, "running"), boot="first")
    for pause in (1, 2, 4):
        look((server, "shutoff"), boot="second", reason="unknown")
        worker.run(Fault("Start the server", "node1", "no route to the storage node"))
        last = session.scalars(select(Operation).order_by(Operation.sequence.desc()).limit(1)).one()
        last.finished_at -= observations.PAUSE * pause * 0.9
        session.commit()
        look((server, "shutoff"), boot="second", reason="unknown")
        assert worker.run() == [], "it has failed not long ago"
        last.finished_at -= observations.PAUSE * pause * 0.1
        session.commit()
    look((server, "shutoff"), boot="second", reason="unknown")
    assert worker.run() == ["server_create"]
    assert state() == ("ACTIVE", None, 1)
    look((server, "running"), boot="second")
    look((server, "shutoff"), boot="second", reason="crashed")
    assert worker.run() == [], "the host is back, and all of its servers were"
