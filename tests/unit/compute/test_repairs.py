"""What the database wants of servers and their volumes, and how they are set right."""

import pytest

from tenrec_api.models.image import Image
from tenrec_api.models.server import Server
from tenrec_api.models.volume import Volume
from tenrec_api.services.drift import findings, wanted
from tenrec_api.services.drift.comparison import Found

SERVERS = "/compute/v2.1/servers"


@pytest.fixture
def server(make, worker):
    """The id of a server that is ACTIVE."""
    server_id = make()
    worker.run()
    return server_id


@pytest.fixture
def volume(client, session, server, worker):
    """The id of a volume that the server has."""
    volume = Volume(
        project_id=client.project_id,
        user_id=client.user_id,
        size_gib=1,
        status="available",
        node="node1",
        chap_username="user",
        chap_password="secret",
    )
    session.add(volume)
    session.commit()
    client.post(f"{SERVERS}/{server}/os-volume_attachments", json={"volumeAttachment": {"volumeId": volume.id}})
    worker.run()
    return volume.id


@pytest.fixture
def check(session):
    """Call it for the run in check mode of that kind; None when there is nothing to check."""

    def look(kind, busy=()):
        session.expire_all()
        return next((each for each in wanted.checks(session, busy) if each.kind == kind), None)

    return look


def found(noun, resource_id, problem="missing"):
    return Found(noun, resource_id, "node1", problem, "it is not there", repairable=True)


def repair(session, *differences):
    findings.record(session, differences, repair=True)
    session.commit()


def test_a_server_is_wanted_as_it_was_made_with_the_disk_that_it_has(check, server, worker):
    made = next(each for each in worker.items if each["id"] == server)
    wants = check("server_create")
    assert wants.nodes == {"compute": "node1"}
    (item,) = wants.items
    item["image"].pop("token")
    made["image"].pop("token")
    assert item == made | {"started": True, "root_disk": True}


def test_a_stopped_server_is_wanted_and_not_started(check, client, server, worker):
    client.post(f"{SERVERS}/{server}/action", json={"os-stop": None})
    assert check("server_create") is None, "nobody knows yet what it should be"
    worker.run()
    assert check("server_create").items[0]["started"] is False
    assert check("server_create", busy=[server]) is None


def test_a_server_whose_image_is_gone_still_has_its_disk(check, session, server):
    session.delete(session.get(Image, session.get(Server, server).image_id))
    session.commit()
    (item,) = check("server_create").items
    assert (item["image"], item["root_disk"]) == (None, True)


def test_a_volume_is_wanted_where_it_is(check, server, volume):
    wants = check("volume_attach")
    assert wants.nodes == {"compute": "node1", "storage": "node1"}
    assert [(each["id"], each["server_id"]) for each in wants.items] == [(volume, server)]


@pytest.mark.parametrize(("stopped", "status", "power"), [(False, "ACTIVE", 1), (True, "SHUTOFF", 4)])
def test_a_repaired_server_is_what_it_was(session, client, server, worker, stopped, status, power):
    if stopped:
        client.post(f"{SERVERS}/{server}/action", json={"os-stop": None})
        worker.run()
    repair(session, found("server", server))
    assert worker.run() == ["server_create"]
    row = session.get(Server, server, populate_existing=True)
    assert (row.status, row.power_state, row.task_state) == (status, power, None)


def test_an_export_and_the_disk_in_the_server_are_repaired_together(session, server, volume, worker):
    repair(session, found("export", volume), found("attachment", volume, "changed"))
    assert worker.run() == ["volume_attach"]
    assert worker.items[-1]["id"] == volume
    assert session.get(Volume, volume, populate_existing=True).status == "in-use"


def test_an_image_that_a_node_lost_comes_back_with_a_server(session, server, worker):
    repair(session, found("cached_image", session.get(Server, server).image_id))
    assert worker.run() == ["server_create"]


def test_what_a_deleted_server_left_is_removed(session, client, server, worker):
    client.delete(f"{SERVERS}/{server}")
    worker.run()
    repair(session, found("server", server, "orphaned"))
    assert worker.run() == ["server_delete"]
    assert worker.items[-1] == {"id": server, "ports": [], "volumes": []}


@pytest.mark.parametrize("noun", sorted(findings.REPAIRS))
def test_what_is_gone_meanwhile_is_not_repaired(session, operations, noun):
    repair(session, found(noun, "gone"))
    assert operations() == []


def test_what_the_database_knows(session, server, volume):
    known = wanted.known(session)
    assert known.servers == {server: "node1"}
    assert known.volumes == {volume: ("node1", 1024**3)}
    assert known.attached == {volume}
    assert len(known.images) == 1
    assert known.northbound["network"] and known.northbound["port"]
