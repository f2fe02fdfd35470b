"""The loop: slots, waking, heartbeat, periodic work, a graceful end."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tenrec_api.models.base import now
from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.events import Fault, RunResult
from tenrec_api.orchestration.schedule import Schedule
from tenrec_api.orchestration.worker import Worker
from tenrec_api.orchestration.workflows.base import Periodic


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def working(config, sessions, workflows):
    """Starts a worker in a thread: ``working(runner, **options)``; all are stopped at the end."""
    started = []

    def start(runner, settings=None, **options):
        chosen = replace(config, worker=replace(config.worker, **(settings or {})))
        worker = Worker(chosen, sessions, runner, workflows, **options)
        thread = threading.Thread(target=worker.run)
        thread.start()
        started.append((worker, thread))
        return worker, thread

    yield start
    for worker, thread in started:
        worker.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()


def test_work_that_comes_while_it_waits_is_done_when_the_bell_rings(queue, working, script, done):
    worker, _thread = working(script(lambda kind, items, cancelled: done(items)), {"poll_seconds": 30.0})
    time.sleep(0.3)
    operation_id = queue.add("a")
    worker.wake()
    until(lambda: queue.show(operation_id).status == "succeeded", 5)


def test_without_a_bell_it_polls(queue, working, script, done):
    working(script(lambda kind, items, cancelled: done(items)))
    operation_id = queue.add("a")
    until(lambda: queue.show(operation_id).status == "succeeded")


def test_two_runs_at_a_time_and_no_more(queue, working, script, done):
    lock, gate, running, most = threading.Lock(), threading.Event(), [0], [0]

    def answer(kind, items, cancelled):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(10)
        with lock:
            running[0] -= 1
        return done(items)

    ids = [queue.add(name, nodes={"compute": name}) for name in "abcd"]
    working(script(answer))
    until(lambda: running[0] == 2)
    time.sleep(0.2)
    gate.set()
    until(lambda: all(queue.show(each).status == "succeeded" for each in ids))
    assert most[0] == 2


def test_the_heartbeat_holds_what_runs_longer_than_its_lease(queue, working, script, done):
    gate = threading.Event()

    def answer(kind, items, cancelled):
        gate.wait(10)
        return done(items)

    operation_id = queue.add("a")
    working(script(answer), {"lease_seconds": 1})
    until(lambda: queue.show(operation_id).status == "running")
    time.sleep(2)
    assert queue.show(operation_id).lease_expires_at > now() - timedelta(seconds=0.5)
    gate.set()
    until(lambda: queue.show(operation_id).status == "succeeded")
    assert queue.show(operation_id).attempts == 1


def test_told_to_end_it_ends_what_runs_and_begins_nothing(queue, working, script, done):
    begun, gate = threading.Event(), threading.Event()

    def answer(kind, items, cancelled):
        begun.set()
        gate.wait(10)
        return done(items)

    first = queue.add("a")
    worker, thread = working(script(answer))
    assert begun.wait(10)
    worker.stop()
    second = queue.add("b")
    time.sleep(0.3)
    gate.set()
    thread.join(timeout=10)
    assert (queue.show(first).status, queue.show(second).status) == ("succeeded", "queued")


def test_with_all_slots_taken_it_still_ends_and_gives_back(queue, working, script, done):
    def answer(kind, items, cancelled):
        until(cancelled)
        fault = Fault("", "", "The run was cancelled.")
        return done(items, dict.fromkeys([item["id"] for item in items], fault), "canceled")

    ids = [queue.add(name, nodes={"compute": name}) for name in "ab"]
    worker, thread = working(script(answer), drain_seconds=0.2)
    until(lambda: all(queue.show(each).status == "running" for each in ids))
    worker.stop()
    thread.join(timeout=10)
    assert [queue.show(each).status for each in ids] == ["queued", "queued"]
    assert [queue.show(each).attempts for each in ids] == [0, 0]


def test_a_periodic_run_hands_over_what_the_hosts_said(working, script):
    recorded = []
    periodic = Periodic(
        "observe",
        lambda config: 0.1,
        lambda config: {"compute": "c1"},
        lambda session, result: recorded.append(result.hosts),
    )
    runner = script(lambda kind, items, cancelled: RunResult("successful", hosts={"c1": {"domains": []}}))
    working(runner, periodics=[periodic])
    until(lambda: len(recorded) >= 2)
    assert recorded[0] == {"c1": {"domains": []}}
    assert runner.runs[0] == ("observe", [], {"compute": "c1"}, 60)


def test_a_hosts_trouble_is_logged_when_it_begins_and_when_it_ends(config, sessions, script, caplog):
    caplog.set_level("INFO")
    away = RunResult("failed", host_faults={"c1": Fault("Look", "c1", "no route to host", transient=True)})
    well = RunResult("successful", hosts={"c1": {"domains": []}})
    answers = [away, away, well, well]
    periodic = Periodic("observe", lambda config: 1, lambda config: {}, lambda session, result: None)
    schedule = Schedule(config, sessions, script(lambda *_: answers.pop(0)), [periodic])
    for _ in range(4):
        schedule.run(periodic)
    assert [record.getMessage() for record in caplog.records] == [
        "observe on c1: Look: no route to host",
        "observe on c1 works again",
    ]


def test_a_periodic_run_that_breaks_does_not_break_the_worker(queue, working, script, done):
    periodic = Periodic("observe", lambda config: 0.1, lambda config: {}, lambda session, result: 1 / 0)
    working(script(lambda kind, items, cancelled: done(items)), periodics=[periodic])
    time.sleep(0.3)
    operation_id = queue.add("a")
    until(lambda: queue.show(operation_id).status == "succeeded")


def test_the_loop_outlives_whatever_a_look_at_the_queue_raises(queue, working, script, done):
    worker, _thread = working(script(lambda kind, items, cancelled: done(items)))
    honest, errors = worker.claims.claim, [OperationalError("SELECT", {}, Exception("gone")), RuntimeError("odd")]

    def claim(workflows, under_way):
        if errors:
            raise errors.pop()
        return honest(workflows, under_way)

    worker.claims.claim = claim
    until(lambda: not errors)
    operation_id = queue.add("a")
    until(lambda: queue.show(operation_id).status == "succeeded")


def test_operations_that_ended_long_ago_are_forgotten(config, queue, sessions, script, done):
    old, young, waiting = queue.add("old"), queue.add("young"), queue.add("waiting", "thing_delete")
    long_ago = now() - timedelta(days=config.worker.operation_days + 1)
    queue.change(old, status="succeeded", finished_at=long_ago)
    queue.change(young, status="succeeded", finished_at=now(), result={"output": "fresh"})
    older = queue.add("older")
    queue.change(older, status="succeeded", finished_at=now() - timedelta(hours=2), result={"output": "stale"})
    queue.change(waiting, created_at=long_ago)
    Schedule(config, sessions, script(None), []).forget()
    with sessions() as session:
        assert set(session.scalars(select(Operation.id))) == {young, older, waiting}
    assert (queue.show(young).result, queue.show(older).result) == ({"output": "fresh"}, None)


def test_a_heartbeat_that_the_database_refused_comes_again_at_once(queue, working, script, done):
    """A deadlock, which another try heals: the lease must not wait for the next regular beat."""
    running, end = threading.Event(), threading.Event()

    def answer(kind, items, cancelled):
        running.set()
        end.wait(20)
        return done(items)

    worker, _thread = working(script(answer))
    honest, refused = worker.claims.renew, []

    def renew(sequences):
        if not refused:
            refused.append(time.monotonic())
            raise OperationalError("UPDATE", {}, Exception("deadlock"))
        return honest(sequences)

    operation_id = queue.add("a")
    assert running.wait(10)
    worker.claims.renew = renew
    assert worker.beat() is False and worker.beat() is True
    end.set()
    until(lambda: queue.show(operation_id).status == "succeeded")
