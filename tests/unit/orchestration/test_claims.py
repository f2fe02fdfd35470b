"""Who may have which operation, and when."""

from datetime import timedelta

import pytest

from tenrec_api.models.base import now
from tenrec_api.orchestration.claims import WINDOW, Claims
from tenrec_api.services import operations


@pytest.fixture
def other(sessions):
    return Claims(sessions, "elsewhere/1/two", lease_seconds=30)


def test_the_oldest_goes_first_with_others_of_its_kind_and_nodes(queue):
    queue.add("a")
    queue.add("b", "thing_delete")
    queue.add("c")
    queue.add("d", nodes={"compute": "two"})
    assert queue.claim() == ["a", "c"]
    assert queue.claim() == ["b"]
    assert queue.claim() == ["d"]
    assert queue.claim() == []


def test_a_batch_is_no_larger_than_its_workflow_allows(queue):
    for name in "abcd":
        queue.add(name)
    assert queue.claim() == ["a", "b", "c"]
    assert queue.claim() == ["d"]


def test_a_claimed_operation_is_nobody_elses(queue, other):
    operation_id = queue.add("a")
    assert queue.claim() == ["a"]
    assert queue.claim(other) == []
    operation = queue.show(operation_id)
    assert (operation.status, operation.attempts, operation.lease_owner) == ("running", 1, "host/1/one")
    assert operation.lease_expires_at > now()


def test_operations_on_one_resource_are_in_order(queue):
    first = queue.add("a")
    queue.add("a", "thing_delete")
    assert queue.claim() == ["a"]
    assert queue.claim() == []
    queue.change(first, status="succeeded")
    assert queue.claim() == ["a"]


def test_those_that_share_a_resource_run_side_by_side(queue):
    queue.add("one", shared=["net"])
    queue.add("two", shared=["net"])
    assert queue.claim() == ["one", "two"]


def test_a_change_of_the_shared_resource_waits_and_is_waited_for(queue):
    creates = [queue.add("one", shared=["net"]), queue.add("two", shared=["net"])]
    change = queue.add("net", "thing_delete")
    queue.add("three", shared=["net"])
    assert queue.claim() == ["one", "two"]
    assert queue.claim() == []
    for operation in creates:
        queue.change(operation, status="succeeded")
    assert queue.claim() == ["net"]
    assert queue.claim() == []
    queue.change(change, status="succeeded")
    assert queue.claim() == ["three"]


def test_an_older_one_that_was_committed_late_waits_for_a_younger_that_runs(queue, other):
    late = queue.add("a", "thing_delete")
    # As if the older transaction had not committed yet.
    queue.change(late, status="cancelled")
    young = queue.add("a")
    assert queue.claim() == ["a"]
    queue.change(late, status="queued")
    assert queue.claim() == []
    # Nor may the two wait for each other when the worker of the younger one dies.
    queue.change(young, lease_expires_at=now() - timedelta(seconds=1))
    assert queue.claim(other) == ["a"]
    assert queue.show(young).lease_owner == other.owner
    queue.change(young, status="succeeded")
    assert queue.claim() == ["a"]
    assert queue.show(late).status == "running"


def test_what_waits_at_the_head_of_the_queue_does_not_hide_what_is_behind(queue):
    queue.add("net", "thing_delete")
    assert queue.claim() == ["net"]
    with queue.sessions() as session:
        for number in range(WINDOW + 5):
            operations.enqueue(session, "thing_create", "thing", f"waits {number}", shared=["net"])
        session.commit()
    queue.add("free")
    assert queue.claim() == ["free"]


def test_a_pause_is_kept_and_keeps_the_order(queue):
    paused = queue.add("a")
    queue.change(paused, not_before=now() + timedelta(hours=1))
    queue.add("a", "thing_delete")
    queue.add("b")
    assert queue.claim() == ["b"]
    queue.change(paused, not_before=now() - timedelta(seconds=1))
    assert queue.claim() == ["a"]


def test_a_lost_lease_lets_another_worker_take_over(queue, claims, other):
    operation_id = queue.add("a")
    assert queue.claim() == ["a"]
    sequence = queue.show(operation_id).sequence
    assert claims.renew([sequence]) == {sequence: False}
    queue.change(operation_id, lease_expires_at=now() - timedelta(seconds=1))
    assert queue.claim(other) == ["a"]
    assert claims.renew([sequence]) == {}
    assert queue.show(operation_id).attempts == 2
    with queue.sessions() as session:
        assert claims.hold(session, sequence) is None
        claims.give_back(session, sequence)
        session.commit()
    assert queue.show(operation_id).lease_owner == other.owner


def test_a_lease_that_ran_out_is_not_taken_again_by_who_is_at_it(queue, claims, other, workflows):
    operation_id = queue.add("a")
    queue.claim()
    sequence = queue.show(operation_id).sequence
    queue.change(operation_id, lease_expires_at=now() - timedelta(seconds=1))
    assert claims.claim(workflows, {sequence}) == []
    assert queue.claim(other) == ["a"]


def test_a_late_heartbeat_holds_what_nobody_took(queue, claims):
    operation_id = queue.add("a")
    queue.claim()
    queue.change(operation_id, lease_expires_at=now() - timedelta(seconds=1))
    sequence = queue.show(operation_id).sequence
    assert claims.renew([sequence]) == {sequence: False}
    assert queue.show(operation_id).lease_expires_at > now()


def test_only_what_is_named_is_held(queue, claims):
    """What an execution gave up on must run out of its lease although its worker lives."""
    operation_id = queue.add("a")
    queue.claim()
    before = queue.show(operation_id).lease_expires_at
    assert claims.renew([]) == {}
    assert queue.show(operation_id).lease_expires_at == before


def test_a_restarted_worker_takes_up_at_once_what_died_with_its_process(queue, sessions, claims):
    queue.add("a")
    queue.claim()
    again = Claims(sessions, "host/2/three", lease_seconds=30)
    assert queue.claim(again) == []
    assert again.inherit("hos") == 0
    assert again.inherit("host") == 1
    assert queue.claim(again) == ["a"]


def test_what_lost_its_worker_twice_is_tried_apart(queue):
    for name in "ab":
        operation_id = queue.add(name)
        queue.change(operation_id, status="running", attempts=2, lease_expires_at=now() - timedelta(seconds=1))
    queue.add("c")
    assert queue.claim() == ["a"]
    assert queue.claim() == ["b"]
    assert queue.claim() == ["c"]


def test_what_is_to_be_tried_alone_is(queue):
    queue.change(queue.add("a"), alone=True)
    queue.add("b")
    queue.add("c")
    assert queue.claim() == ["a"]
    assert queue.claim() == ["b", "c"]


def test_giving_back_counts_or_not(queue, claims):
    operation_id = queue.add("a")
    queue.claim()
    sequence = queue.show(operation_id).sequence
    with queue.sessions() as session:
        claims.give_back(session, sequence)
        session.commit()
    assert (queue.show(operation_id).status, queue.show(operation_id).attempts) == ("queued", 0)
    queue.claim()
    with queue.sessions() as session:
        claims.give_back(session, sequence, counted=True, pause=60, alone=True)
        session.commit()
    operation = queue.show(operation_id)
    assert (operation.attempts, operation.alone, operation.lease_owner) == (1, True, None)
    assert operation.not_before > now() + timedelta(seconds=50)
