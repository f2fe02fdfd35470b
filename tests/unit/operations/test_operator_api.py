"""The operator API: who may use it, what it lists, what a run did, and another try."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tenrec_api.models.base import now
from tenrec_api.models.operation import FAILED, Operation
from tenrec_api.models.run import Run, RunOperation
from tenrec_api.services import operations as service
from tenrec_api.services import runs

ROOT = "/tenrec/v1/operations"
TASKS = [
    {"play": "Remove", "task": "Stop it", "host": "node1", "start": "2026-01-31T12:00:00.000000", "seconds": 0.25,
     "status": "changed"},
    {"play": "Remove", "task": "Delete it", "host": "node1", "start": "2026-01-31T12:00:00.250000", "seconds": 1.5,
     "status": "failed", "message": "the disk is full"},
]  # fmt: skip


@pytest.fixture
def failed(session, client) -> Operation:
    """A failed removal of the client's port, that had two runs, and shared the second with another operation."""
    operation, neighbour = (
        service.enqueue(session, "port_delete", "port", resource, project_id=client.project_id, shared=["net"],
                        parameters={"size": 1}, nodes={"compute": "node1"})
        for resource in ("mine", "another")
    )  # fmt: skip
    operation.status, operation.failed_task, operation.failed_host = FAILED, "Delete it", "node1"
    operation.reason = "the disk is full"
    for number, batch in enumerate(([operation], [operation, neighbour])):
        run = Run(id=f"run-{number}", kind="port_delete", status="failed", started_at=now(), seconds=2.0,
                  nodes={"compute": "node1"}, tasks=TASKS)  # fmt: skip
        runs.note(session, run, batch)
    session.commit()
    return operation


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/{id}"), ("GET", "/{id}/events"), ("POST", "/{id}/cancel"), ("POST", "/{id}/retry")],
)
def test_hosts_are_for_administrators_so_a_tenant_is_refused(client, admin, failed, method, path):
    path = ROOT + path.format(id=failed.id)
    answer = client.send(method, path)
    assert answer.status_code == 403
    assert "node1" not in answer.get_data(as_text=True)
    assert admin.send(method, path).status_code in (200, 202, 409)


def test_events_are_each_task_of_each_run(admin, failed):
    listed = admin.get(f"{ROOT}/{failed.id}/events").json["runs"]
    assert [run["id"] for run in listed] == ["run-0", "run-1"]
    assert listed[0]["events"] == TASKS
    assert (listed[0]["kind"], listed[0]["status"], listed[0]["seconds"]) == ("port_delete", "failed", 2.0)
    assert (listed[0]["check"], listed[0]["nodes"]) == (False, {"compute": "node1"})


def test_an_operation_that_waits_has_no_runs_and_an_unknown_one_is_not_found(admin, session):
    waiting = service.enqueue(session, "port_delete", "port", "mine")
    session.commit()
    assert admin.get(f"{ROOT}/{waiting.id}/events").json == {"runs": []}
    for method, verb in (("GET", "events"), ("POST", "retry"), ("POST", "cancel")):
        assert admin.send(method, f"{ROOT}/no-such/{verb}").status_code == 404


def test_a_failed_operation_is_tried_again_as_a_new_one(admin, failed, session):
    answer = admin.post(f"{ROOT}/{failed.id}/retry")
    assert answer.status_code == 202
    again = answer.json["operation"]
    assert again["id"] != failed.id
    assert (again["status"], again["kind"], again["resource_id"]) == ("queued", "port_delete", "mine")
    assert (again["nodes"], again["project_id"]) == (failed.nodes, failed.project_id)
    row = session.scalars(select(Operation).where(Operation.id == again["id"])).one()
    assert (row.parameters, row.touched) == (failed.parameters, failed.touched)
    refused = admin.post(f"{ROOT}/{again['id']}/retry")
    assert refused.status_code == 409 and "only a failed one" in refused.json["error"]["message"]


@pytest.mark.parametrize("kind", service.GIVEN_UP)
def test_what_was_given_up_cannot_be_tried_again_and_says_what_can(admin, session, kind):
    operation = service.enqueue(session, kind, "thing", "a")
    operation.status = FAILED
    session.commit()
    answer = admin.post(f"{ROOT}/{operation.id}/retry")
    assert answer.status_code == 409 and "; " in answer.json["error"]["message"]
    assert len(admin.get(ROOT).json["operations"]) == 1


def test_lists_begin_at_a_time(admin, session):
    old, _young = (service.enqueue(session, "port_delete", "port", name) for name in ("old", "young"))
    old.created_at = now() - timedelta(hours=2)
    session.commit()

    def listed(since: str) -> list[str]:
        answer = admin.get(ROOT, query_string={"since": since})
        assert answer.status_code == 200, answer.json
        return [each["resource_id"] for each in answer.json["operations"]]

    an_hour_ago = now() - timedelta(hours=1)
    assert listed(f"{an_hour_ago:%Y-%m-%dT%H:%M:%SZ}") == ["young"]
    assert listed(f"{an_hour_ago:%Y-%m-%dT%H:%M:%S}") == ["young"]
    assert listed(f"{an_hour_ago + timedelta(hours=5):%Y-%m-%dT%H:%M:%S}+05:00") == ["young"]
    assert listed("2020-01-01T00:00:00") == ["young", "old"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "yesterday"),
        ("since", "0001-01-01T00:00:00+23:59"),
        ("since", "9999-12-31T23:59:59-23:59"),
        ("since", "1900-01-01"),
        ("status", "done"),
        ("limit", "0"),
        ("before", "-1"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(admin, name, value):
    answer = admin.get(ROOT, query_string={name: value})
    assert answer.status_code == 400
    assert name in answer.json["error"]["message"]


def test_the_last_run_of_an_operation_is_the_one_of_its_own_kind(session, failed):
    undone = Run(id="undone", kind="undo", status="successful", started_at=now(), seconds=1.0, nodes={}, tasks=[])
    runs.note(session, undone, [failed])
    session.commit()
    assert runs.find(session, failed.id).id == "run-1"
    assert runs.find(session, "undone").kind == "undo"


def test_runs_of_long_ago_are_forgotten_with_their_links(session, failed):
    first = session.scalars(select(Run).where(Run.id == "run-0")).one()
    first.started_at = now() - timedelta(days=100)
    session.commit()
    assert runs.forget(session, now() - timedelta(days=90), most=10) == 1
    session.commit()
    assert list(session.scalars(select(Run.id))) == ["run-1"]
    assert set(session.scalars(select(RunOperation.run_id))) == {"run-1"}
