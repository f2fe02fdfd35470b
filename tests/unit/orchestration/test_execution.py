"""What becomes of operations and their resources, for every way in which a run can end."""

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tenrec_api.exceptions import Conflict
from tenrec_api.models.base import now
from tenrec_api.orchestration.events import Fault
from tenrec_api.orchestration.execution import Execution
from tenrec_api.services import operations, runs

OWN = Fault("Define the domain", "c1", "no such machine type", own=True)
WHOLE = Fault("Create the disks", "c1", "the module crashed")
UNREACHABLE = Fault("Create the disks", "c1", "no route to host", transient=True)


def test_success_reaches_the_resource_and_frees_what_it_touched(queue, notes, script, done):
    operation_id = queue.add("a", shared=["net"])
    runner = script(lambda kind, items, cancelled: done(items))
    queue.work(runner)
    assert runner.runs == [("thing_create", ["a"], {}, 60)]
    assert notes.succeeded == [("a", {"seen": "a"})] and notes.failed == []
    operation = queue.show(operation_id)
    assert (operation.status, operation.result, operation.lease_owner) == ("succeeded", {"seen": "a"}, None)
    assert operation.created_at <= operation.started_at <= operation.finished_at
    queue.add("net", "thing_delete")
    assert queue.claim() == ["net"]


def test_the_longest_deadline_of_the_batch_holds(queue, script, done):
    queue.add("a", deadline=300)
    queue.add("b")
    runner = script(lambda kind, items, cancelled: done(items))
    queue.work(runner)
    assert runner.runs == [("thing_create", ["a", "b"], {}, 300)]


def test_an_item_that_failed_is_cleaned_up_and_its_neighbours_succeed(queue, notes, script, done):
    good, bad = queue.add("good"), queue.add("bad")
    runner = script(lambda kind, items, cancelled: done(items, {"bad": OWN} if kind == "thing_create" else {}))
    queue.work(runner)
    assert [run[:2] for run in runner.runs] == [("thing_create", ["good", "bad"]), ("thing_delete", ["bad"])]
    assert notes.failed == [("bad", OWN)]
    assert queue.show(good).status == "succeeded"
    operation = queue.show(bad)
    assert (operation.status, operation.failed_task, operation.failed_host, operation.reason) == (
        "failed", OWN.task, OWN.host, OWN.message
    )  # fmt: skip


def test_a_failed_clean_up_is_told_too(queue, notes, script, done):
    queue.add("bad")
    queue.work(script(lambda kind, items, cancelled: done(items, {"bad": OWN if kind == "thing_create" else WHOLE})))
    [(_resource, fault)] = notes.failed
    assert fault.task == OWN.task
    assert OWN.message in fault.message and WHOLE.message in fault.message


def test_a_batch_that_fails_as_a_whole_is_tried_one_by_one(queue, notes, script, done):
    def answer(kind, items, cancelled):
        poisoned = kind == "thing_create" and "poison" in [item["id"] for item in items]
        return done(items, dict.fromkeys([item["id"] for item in items], WHOLE) if poisoned else {}, "failed")

    for name in ("a", "poison", "b"):
        queue.add(name)
    runner = script(answer)
    queue.work(runner)
    assert [run[1] for run in runner.runs] == [["a", "poison", "b"], ["a"], ["poison"], ["poison"], ["b"]]
    assert [resource for resource, _facts in notes.succeeded] == ["a", "b"]
    assert notes.failed == [("poison", WHOLE)]


def test_what_may_heal_is_tried_again_after_a_pause_and_not_for_ever(queue, notes, script, done):
    operation_id = queue.add("a", max_attempts=3)
    runner = script(lambda kind, items, cancelled: done(items, {"a": UNREACHABLE} if kind == "thing_create" else {}))
    pauses = []
    for _ in range(3):
        queue.work(runner)
        operation = queue.show(operation_id)
        if operation.not_before:
            pauses.append((operation.not_before - now()).total_seconds())
            assert notes.failed == [] and operation.status == "queued"
            queue.change(operation_id, not_before=None)
    assert [run[0] for run in runner.runs] == ["thing_create"] * 3 + ["thing_delete"]
    assert pauses == [pytest.approx(2, abs=1), pytest.approx(10, abs=1)]
    assert notes.failed == [("a", UNREACHABLE)]


def test_what_cannot_heal_is_not_tried_again(queue, script, done):
    queue.add("a")
    runner = script(lambda kind, items, cancelled: done(items, {"a": OWN} if kind == "thing_create" else {}))
    queue.work(runner)
    assert [run[0] for run in runner.runs] == ["thing_create", "thing_delete"]


def test_nothing_left_to_do_is_a_success_without_a_run(queue, notes, script, done):
    operation_id = queue.add("a", parameters={"item": "none"})
    runner = script(lambda kind, items, cancelled: done(items))
    queue.work(runner)
    assert runner.runs == [] and notes.succeeded == []
    operation = queue.show(operation_id)
    assert (operation.status, operation.reason) == ("succeeded", "There was nothing left to do.")


@pytest.mark.parametrize("where", ["item", "succeed"])
def test_an_error_in_a_workflow_fails_the_resource_without_its_details(queue, notes, script, done, where):
    bad, good = queue.add("bad", parameters={where: "broken"}), queue.add("good")
    queue.work(script(lambda kind, items, cancelled: done(items)))
    [(resource, fault)] = notes.failed
    assert resource == "bad" and "RuntimeError" in fault.message and "secret" not in fault.message
    assert (queue.show(bad).status, queue.show(good).status) == ("failed", "succeeded")


def test_a_transaction_that_the_database_broke_off_is_tried_again(queue, notes, script, done):
    operation_id = queue.add("a", parameters={"succeed": "away"})
    queue.work(script(lambda kind, items, cancelled: done(items)))
    assert notes.interrupted == ["a", "a"]
    assert [resource for resource, _facts in notes.succeeded] == ["a"]
    assert queue.show(operation_id).status == "succeeded"


def test_a_mistake_that_the_database_refuses_is_a_fault(queue, notes, script, done):
    operation_id = queue.add("a", parameters={"succeed": "integrity"})
    queue.work(script(lambda kind, items, cancelled: done(items)))
    assert "IntegrityError" in queue.show(operation_id).reason


def test_an_operation_ends_even_when_its_resource_cannot_be_told(queue, script, done):
    operation_id = queue.add("a", parameters={"fail": "broken"})
    queue.work(script(lambda kind, items, cancelled: done(items, {"a": OWN} if kind == "thing_create" else {})))
    operation = queue.show(operation_id)
    assert (operation.status, operation.reason) == ("failed", OWN.message)


def test_a_kind_without_a_workflow_fails_by_name(queue, script, done):
    operation_id = queue.add("a", "thing_paint")
    queue.work(script(lambda kind, items, cancelled: done(items)))
    assert "thing_paint" in queue.show(operation_id).reason


def test_a_runner_that_breaks_fails_the_operation(queue, notes, script):
    def answer(kind, items, cancelled):
        raise OSError("no space left")

    operation_id = queue.add("a")
    queue.work(script(answer))
    assert queue.show(operation_id).status == "failed" and len(notes.failed) == 1


def test_after_a_crash_the_work_is_done_once_more(queue, claims, sessions, notes, script, done):
    """The worker dies between the run and the record: nothing was recorded, and the next one finishes."""
    operation_id = queue.add("a")
    queue.claim()
    queue.change(operation_id, lease_expires_at=now())
    queue.work(script(lambda kind, items, cancelled: done(items)))
    operation = queue.show(operation_id)
    assert (operation.status, operation.attempts, len(notes.succeeded)) == ("succeeded", 2, 1)


class Died(BaseException):
    """SIGKILL: nothing of the worker goes on, and nothing catches it."""


@pytest.mark.parametrize("before", [True, False], ids=["before it", "after it"])
@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("fails", [False, True], ids=["success", "failure"])
def test_whatever_step_a_worker_dies_at_another_one_ends_the_work(
    queue, sessions, notes, script, done, workflows, monkeypatch, step, before, fails
):
    """The steps are the worker's transactions: claiming, the item, the run's notes, what is recorded."""
    operation_id = queue.add("a")
    faults = {"thing_create": {"a": OWN} if fails else {}, "thing_delete": {}}
    runner = script(lambda kind, items, cancelled: done(items, faults[kind]))
    honest, steps = Session.commit, []

    def commit(session):
        steps.append(session)
        if len(steps) - 1 == step and before:
            raise Died
        honest(session)
        if len(steps) - 1 == step:
            raise Died

    with monkeypatch.context() as patched, contextlib.suppress(Died):
        patched.setattr(Session, "commit", commit)
        queue.work(runner)
    notes.succeeded.clear()
    ended = queue.show(operation_id).finished
    queue.change(operation_id, **({} if ended else {"lease_expires_at": now()}))
    queue.work(runner)
    assert queue.show(operation_id).status == ("failed" if fails else "succeeded")
    assert len(notes.succeeded) == (0 if fails or ended else 1)
    # What a failure left is removed by the last that ran.
    assert not fails or [run[0] for run in runner.runs][-1] == "thing_delete"


def test_what_kills_every_worker_is_given_up(queue, notes, script, done):
    operation_id = queue.add("a", max_attempts=2)
    queue.change(operation_id, status="running", attempts=2, lease_expires_at=now())
    runner = script(lambda kind, items, cancelled: done(items))
    queue.work(runner)
    assert [run[0] for run in runner.runs] == ["thing_delete"]
    assert queue.show(operation_id).status == "failed"
    assert "Given up after 2 attempts" in notes.failed[0][1].message


def test_a_lost_operation_is_left_to_its_new_worker(queue, claims, notes, script, done, workflows, sessions):
    operation_id = queue.add("a")
    batch = claims.claim(workflows)

    def answer(kind, items, cancelled):
        queue.change(operation_id, lease_owner="elsewhere/1/two")
        execution.heard(claims.renew(execution.sequences))
        assert cancelled()
        return done(items)

    execution = Execution(sessions, claims, script(answer), workflows, batch)
    execution.run()
    assert notes.succeeded == []
    assert queue.show(operation_id).status == "running"


def test_what_another_worker_took_over_is_not_removed(queue, claims, notes, script, done, workflows, sessions):
    """It slept through its lease, and its own run failed: by now the other worker's may have succeeded."""
    lost, own = queue.add("lost"), queue.add("own")
    batch = claims.claim(workflows)

    def answer(kind, items, cancelled):
        if kind == "thing_create":
            queue.change(lost, lease_owner="elsewhere/1/two")
        return done(items, dict.fromkeys([item["id"] for item in items], OWN) if kind == "thing_create" else {})

    runner = script(answer)
    Execution(sessions, claims, runner, workflows, batch).run()
    assert [run[:2] for run in runner.runs] == [("thing_create", ["lost", "own"]), ("thing_delete", ["own"])]
    assert (queue.show(lost).status, queue.show(own).status) == ("running", "failed")
    assert [resource for resource, _fault in notes.failed] == ["own"]


def test_what_is_too_old_is_given_up_and_what_ran_is_removed(queue, notes, script, done):
    never_ran, ran = queue.add("never ran"), queue.add("ran")
    for operation_id, attempts in ((never_ran, 0), (ran, 1)):
        queue.change(operation_id, created_at=now() - timedelta(hours=2), attempts=attempts)
    runner = script(lambda kind, items, cancelled: done(items))
    queue.work(runner)
    assert [run[:2] for run in runner.runs] == [("thing_delete", ["ran"])]
    assert (queue.show(never_ran).status, queue.show(ran).status) == ("failed", "failed")
    assert all("could not be carried out in 60 minutes" in fault.message for _resource, fault in notes.failed)


def test_a_clean_up_that_may_heal_is_tried_again(queue, notes, script, done):
    operation_id = queue.add("a")
    faults = {"thing_create": {"a": OWN}, "thing_delete": {"a": UNREACHABLE}}
    runner = script(lambda kind, items, cancelled: done(items, faults[kind]))
    queue.work(runner)
    assert queue.show(operation_id).status == "queued" and notes.failed == []
    faults["thing_delete"] = {}
    queue.change(operation_id, not_before=None)
    queue.work(runner)
    assert [run[0] for run in runner.runs] == ["thing_create", "thing_delete"] * 2
    assert notes.failed == [("a", OWN)]


def test_what_a_run_did_is_recorded_when_the_database_is_back(queue, notes, script, done, claims, workflows, sessions):
    operation_id = queue.add("a")
    batch = claims.claim(workflows)
    honest, refusals = claims.hold, [OperationalError("SELECT", {}, Exception("gone"))] * 4

    def hold(session, sequence):
        if refusals:
            raise refusals.pop()
        return honest(session, sequence)

    claims.hold = hold
    runner = script(lambda kind, items, cancelled: done(items))
    Execution(sessions, claims, runner, workflows, batch).run()
    assert len(runner.runs) == 1
    assert queue.show(operation_id).status == "succeeded"


def test_a_cancelled_operation_that_waits_is_never_run(queue, notes, script, done):
    operation_id = queue.add("a")
    with queue.sessions() as session:
        operations.cancel(session, operation_id)
    runner = script(lambda kind, items, cancelled: done(items))
    queue.work(runner)
    assert runner.runs == []
    assert queue.show(operation_id).status == "cancelled" and "cancelled" in notes.failed[0][1].message


def test_a_cancelled_run_is_cleaned_up_and_its_neighbours_start_again(
    queue, claims, notes, script, done, workflows, sessions
):
    unwanted, wanted = queue.add("unwanted"), queue.add("wanted")
    batch = claims.claim(workflows)

    def answer(kind, items, cancelled):
        if kind == "thing_delete":
            assert not cancelled()
            return done(items)
        with sessions() as session:
            operations.cancel(session, unwanted)
        execution.heard(claims.renew(execution.sequences))
        assert cancelled()
        fault = Fault("Create the disks", "", "The run was cancelled.")
        return done(items, dict.fromkeys([item["id"] for item in items], fault), "canceled")

    runner = script(answer)
    execution = Execution(sessions, claims, runner, workflows, batch)
    execution.run()
    assert [run[:2] for run in runner.runs] == [
        ("thing_create", ["unwanted", "wanted"]),
        ("thing_delete", ["unwanted"]),
    ]
    assert queue.show(unwanted).status == "cancelled"
    assert (queue.show(wanted).status, queue.show(wanted).attempts) == ("queued", 0)


def test_a_stopped_worker_gives_its_operations_back_as_if_untried(queue, claims, script, done, workflows, sessions):
    operation_id = queue.add("a")
    batch = claims.claim(workflows)

    def answer(kind, items, cancelled):
        execution.stop()
        assert cancelled()
        return done(items, {"a": Fault("", "", "The run was cancelled.")}, "canceled")

    execution = Execution(sessions, claims, script(answer), workflows, batch)
    execution.run()
    operation = queue.show(operation_id)
    assert (operation.status, operation.attempts, operation.lease_owner) == ("queued", 0, None)


def test_what_ended_before_the_run_does_not_break_it_off(queue, claims, script, done, workflows, sessions):
    queue.add("none", parameters={"item": "none"})
    operation_id = queue.add("a")
    batch = claims.claim(workflows)

    def answer(kind, items, cancelled):
        execution.heard(claims.renew(execution.sequences))
        assert not cancelled()
        return done(items)

    execution = Execution(sessions, claims, script(answer), workflows, batch)
    execution.run()
    assert queue.show(operation_id).status == "succeeded"


def test_only_what_is_unfinished_can_be_cancelled(queue, script, done):
    operation_id = queue.add("a")
    queue.work(script(lambda kind, items, cancelled: done(items)))
    with queue.sessions() as session, pytest.raises(Conflict, match="succeeded"):
        operations.cancel(session, operation_id)


def test_a_batch_is_read_and_recorded_in_as_many_transactions_as_one(queue, notes, script, done, claims, sessions):
    batches = []

    def preload(session, batch):
        batches.append([operation.resource_id for operation in batch])

    queue.workflows["thing_create"] = replace(queue.workflows["thing_create"], preload=preload)
    for resource in ("a", "b", "c"):
        queue.add(resource)
    transactions = []
    event.listen(sessions, "after_commit", lambda session: transactions.append(session))
    queue.work(script(lambda kind, items, cancelled: done(items)))
    assert [resource for resource, _facts in notes.succeeded] == ["a", "b", "c"]
    # Before the run and after it; the claim and the looks at an empty queue have sessions of their own.
    assert batches == [["a", "b", "c"]] * 2
    assert len(transactions) == 3


def test_every_run_is_in_the_history_of_its_operations(queue, sessions, script, done):
    def answer(kind, items, cancelled):
        result = done(items, {"bad": OWN} if kind == "thing_create" else {})
        result.run_id, result.seconds, result.tasks = f"{kind} {len(items)}", 1.5, [{"task": kind, "status": "ok"}]
        return result

    good, bad = queue.add("good", nodes={"compute": "c1"}), queue.add("bad", nodes={"compute": "c1"})
    queue.work(script(answer))
    with sessions() as session:
        assert [run.id for run in runs.of_operation(session, good)] == ["thing_create 2"]
        # The removal was recorded first: the operation ends after it.
        assert {run.id for run in runs.of_operation(session, bad)} == {"thing_create 2", "thing_delete 1"}
        run = runs.find(session, bad)
        assert (run.kind, run.status, run.seconds, run.nodes) == ("thing_create", "successful", 1.5, {"compute": "c1"})
        assert run.tasks == [{"task": "thing_create", "status": "ok"}]
        assert {each.id for each in runs.operations_of(session, run)} == {good, bad}


def test_a_history_that_cannot_be_written_fails_nothing(queue, sessions, script, done, caplog):
    def answer(kind, items, cancelled):
        result = done(items)
        result.run_id = "twice the same"
        return result

    ids = [queue.add("a"), queue.add("b", nodes={"compute": "c1"})]
    queue.work(script(answer))
    assert [queue.show(each).status for each in ids] == ["succeeded", "succeeded"]
    assert "is not noted" in caplog.text
