"""No resource is ever stuck: every passing state has an end when nothing is being done any more."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tenrec_api import lifecycle
from tenrec_api.lifecycle import Lifecycle
from tenrec_api.models.base import now
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.image import Image
from tenrec_api.models.instance_action import InstanceAction
from tenrec_api.models.network import Network
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.models.server import Server
from tenrec_api.models.volume import Volume, VolumeAttachment
from tenrec_api.orchestration.schedule import Schedule
from tenrec_api.services import operations as service
from tenrec_api.services import stranded

LONG_AGO = timedelta(hours=1)
TABLES = {each.noun: each for each in vars(lifecycle).values() if isinstance(each, Lifecycle)}
PASSING = [(noun, state) for noun, table in TABLES.items() if noun != "operation" for state in sorted(table.passing)]


def server(**values) -> Server:
    sizes = {"vcpus": 1, "memory_mib": 128, "disk_gib": 1}
    flavor = {"id": "1", "name": "tiny", "vcpus": 1, "ram_mib": 128, "disk_gib": 1, "extra_specs": {}}
    names = {"name": "web", "hostname": "web", "user_id": "u", "reservation_id": "r", "seed": "s"}
    return Server(**{**sizes, **names, "flavor": flavor, **values})


def volume(**values) -> Volume:
    return Volume(
        **{"user_id": "u", "size_gib": 1, "node": "node1", "chap_username": "c", "chap_password": "p", **values}
    )


def network(**values) -> Network:
    return Network(name="net", mtu=1442, **values)


MAKERS = {"server": server, "volume": volume, "image": Image, "network resource": network}


@pytest.fixture
def add(session):
    """Add a row that has been as it is for an hour; returns it."""

    def added(row):
        row.project_id, row.created_at, row.updated_at = "p", now() - LONG_AGO, now() - LONG_AGO
        session.add(row)
        session.commit()
        return row

    return added


@pytest.fixture
def sweep(app, session, settings):
    """Do what the worker does every few seconds."""
    schedule = Schedule(settings, app.extensions["tenrec"].sessions, None, ())

    def swept() -> None:
        schedule.sweep()
        session.expire_all()

    return swept


def test_every_noun_of_the_tables_has_its_rules():
    rules = {noun: frozenset(ends) for noun, ends in stranded.ENDS.items()}
    assert rules == {noun: table.passing for noun, table in TABLES.items() if noun != "operation"}


@pytest.mark.parametrize(("noun", "state"), PASSING)
def test_a_passing_state_ends_when_nothing_is_done(add, sweep, operations, noun, state):
    row = add(MAKERS[noun](status=state))
    sweep()
    if state == "pending_delete":
        assert [each.kind for each in operations()] == ["image_delete"]
    else:
        assert row.status in TABLES[noun].settled
        assert noun == "network resource" or row.fault, "a fault says why"


@pytest.mark.parametrize(("noun", "state"), PASSING)
def test_what_an_operation_owns_is_left_to_it(add, session, sweep, noun, state):
    row = add(MAKERS[noun](status=state))
    service.enqueue(session, "any_kind", noun, "something else", exclusive=[row.id])
    session.commit()
    sweep()
    assert row.status == state


@pytest.mark.parametrize(("noun", "state"), PASSING)
def test_what_changed_a_moment_ago_is_left_alone(add, session, sweep, noun, state):
    row = add(MAKERS[noun](status=state))
    row.updated_at = now()
    session.commit()
    sweep()
    assert row.status == state


@pytest.mark.parametrize(
    ("status", "task", "after"),
    [("ACTIVE", "powering-off", "ACTIVE"), ("SHUTOFF", "powering-on", "SHUTOFF"), ("ACTIVE", "deleting", "ERROR")],
)
def test_a_task_ends_too_and_with_it_the_action(add, session, sweep, status, task, after):
    row = add(server(status=status, task_state=task))
    action = InstanceAction(
        server_id=row.id, action="stop", event="e", request_id="q", project_id="p", user_id="u", started_at=now()
    )
    session.add(action)
    session.commit()
    sweep()
    assert (row.status, row.task_state) == (after, None)
    assert action.finished_at is not None and stranded.REASON in action.details
    assert row.fault["message"] == f"{stranded.TASK}: {stranded.REASON}"


def test_a_volume_whose_attaching_was_lost_can_be_detached(add, session, sweep):
    row = add(volume(status="attaching"))
    session.add(VolumeAttachment(volume_id=row.id, server_id="s", device="vdb"))
    session.commit()
    sweep()
    assert row.status == "error"
    row.enter("detaching")


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("network", network()),
        ("router", Router(name="r")),
        ("security_group", SecurityGroup(name="g")),
        ("port", None),
        ("floating_ip", None),
        ("image", Image(status="deleted")),
    ],
)
def test_a_deletion_that_failed_out_of_sight_is_asked_for_again(add, session, sweep, operations, kind, row):
    if kind == "port":
        row = Port(network_id=add(network()).id, mac_address=None)
    elif kind == "floating_ip":
        row = FloatingIp(floating_network_id=add(network()).id, floating_ip_address="192.0.2.1")
    if kind != "image":
        row.deleting = True
    row = add(row)
    sweep()
    assert [(each.kind, each.resource_id) for each in operations()] == [(f"{kind}_delete", row.id)]
    (operation,) = operations()
    service.end(session, operation, "cancelled")
    session.commit()
    sweep()
    assert operations() == [], "not again at once"


def test_one_that_cannot_be_ended_keeps_no_other_from_it(add, session, sweep, monkeypatch, caplog):
    broken, fine = add(server(status="BUILD")), add(volume(status="creating"))

    def refuse(*_args):
        raise RuntimeError("cannot")

    monkeypatch.setattr("tenrec_api.services.compute.outcomes.broken", refuse)
    sweep()
    assert (broken.status, fine.status) == ("BUILD", "error")
    assert broken.id in caplog.text and "cannot be ended" in caplog.text


def test_a_healthy_cloud_is_left_alone(session, sweep, operations):
    before = list(session.scalars(select(SecurityGroup.id)))
    sweep()
    assert operations() == [] and list(session.scalars(select(SecurityGroup.id))) == before
