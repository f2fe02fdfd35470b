"""The service: enqueue in the caller's transaction, ring after it, wait, list, retry."""

import threading

import pytest
from sqlalchemy import select

from tenrec_api.config import Broker
from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, NotFound, Unavailable
from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.events import Fault
from tenrec_api.services import operations
from tenrec_api.services.doorbell import Doorbell


@pytest.fixture
def rings(sessions):
    heard = []
    bell = Doorbell(Broker(url=""))
    bell.ring = lambda: heard.append(True)
    bell.attach(sessions)
    return heard


def test_an_operation_remembers_who_asked_for_what(sessions):
    context = Context(request_id="req-1", user_id="u", project_id="p")
    with sessions() as session:
        operation = operations.enqueue(
            session, "thing_create", "thing", "a", context=context, shared=["net"], nodes={"compute": "c1"},
            parameters={"size": 1}, deadline=9,
        )  # fmt: skip
        session.commit()
        shown = operations.show(session, operation.id)
    assert (shown.project_id, shown.user_id, shown.request_id) == ("p", "u", "req-1")
    assert (shown.nodes, shown.parameters, shown.deadline_seconds) == ({"compute": "c1"}, {"size": 1}, 9)
    assert (shown.status, shown.attempts, shown.touched) == ("queued", 0, {"net": False, "a": True})


def test_the_bell_rings_after_the_commit_and_only_then(sessions, rings):
    with sessions() as session:
        operations.enqueue(session, "thing_create", "thing", "a")
        operations.enqueue(session, "thing_create", "thing", "b")
        assert rings == []
        session.commit()
        assert rings == [True]
        session.execute(select(Operation))
        session.commit()
        assert rings == [True]


def test_what_is_rolled_back_was_never_asked_for(sessions, rings):
    with sessions() as session:
        operations.enqueue(session, "thing_create", "thing", "a")
        session.rollback()
    with sessions() as session:
        assert operations.listing(session) == []


def test_a_bell_without_a_broker_is_silent(queue, sessions):
    Doorbell(Broker(url="")).attach(sessions)
    assert queue.show(queue.add("a")).status == "queued"


def test_a_bell_whose_broker_is_away_costs_nothing(queue, sessions):
    Doorbell(Broker(url="amqp://nobody:x@127.0.0.1:1/")).attach(sessions)
    assert queue.show(queue.add("a")).status == "queued"


def test_waiting_ends_with_the_operation(queue, sessions, script, done):
    operation_id = queue.add("a")
    runner = script(lambda kind, items, cancelled: done(items))
    timer = threading.Timer(0.3, queue.work, [runner])
    timer.start()
    with sessions() as session:
        operation = operations.wait(session, operation_id, timeout=10)
        assert (operation.status, operation.result) == ("succeeded", {"seen": "a"})
    timer.join()


def test_waiting_has_a_limit(queue, sessions):
    operation_id = queue.add("a")
    with sessions() as session, pytest.raises(Unavailable, match="thing_create did not end"):
        operations.wait(session, operation_id, timeout=0.2)


def test_waiting_before_the_commit_is_a_mistake(sessions):
    with sessions() as session:
        session.add(Operation(kind="thing_create", resource_type="thing", resource_id="a"))
        with pytest.raises(ValueError, match="commit"):
            operations.wait(session, "any", timeout=1)


def test_an_unknown_operation_is_not_found(sessions):
    with sessions() as session:
        for action in (operations.show, operations.cancel, operations.retry):
            with pytest.raises(NotFound):
                action(session, "no such")
        with pytest.raises(NotFound):
            operations.wait(session, "no such", timeout=1)


def test_lists_have_the_latest_first_and_pages(queue, sessions):
    ids = [queue.add(name, project_id=f"project {name}") for name in "abc"]
    queue.add("d", "thing_delete")
    with sessions() as session:
        assert [each.id for each in operations.listing(session, kind="thing_create")] == ids[::-1]
        first = operations.listing(session, kind="thing_create", limit=2)
        rest = operations.listing(session, kind="thing_create", before=first[-1].sequence)
        assert [each.id for each in rest] == ids[:1]
        assert [each.id for each in operations.listing(session, project_id="project b")] == [ids[1]]
        assert [each.resource_id for each in operations.listing(session, resource_id="d", status="queued")] == ["d"]


def test_a_failed_operation_can_be_tried_again_and_no_other(queue, sessions, script, done):
    fault = Fault("Create the disks", "c1", "full", own=True)
    failed = queue.add("a", shared=["net"], parameters={"size": 1})
    queue.work(script(lambda kind, items, cancelled: done(items, {"a": fault} if kind == "thing_create" else {})))
    with sessions() as session:
        again = operations.retry(session, failed)
        assert again.id != failed and again.status == "queued"
        assert (again.touched, again.parameters) == ({"net": False, "a": True}, {"size": 1})
        with pytest.raises(Conflict, match="queued"):
            operations.retry(session, again.id)
