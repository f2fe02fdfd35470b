"""A repair works on what exists: when it fails, nothing of it is removed."""

from tenrec_api.orchestration.events import Fault

OWN = Fault("Do it", "node1", "no", own=True)


def test_a_repair_that_fails_is_not_undone_and_its_neighbour_is(queue, notes, script, done):
    repair = queue.add("kept", parameters={"repair": True})
    create = queue.add("made")
    runner = script(lambda kind, items, _: done(items, {} if kind == "thing_delete" else {"kept": OWN, "made": OWN}))
    queue.work(runner)
    assert [run[:2] for run in runner.runs] == [("thing_create", ["kept", "made"]), ("thing_delete", ["made"])]
    assert {queue.show(each).status for each in (repair, create)} == {"failed"}
    assert {resource for resource, _fault in notes.failed} == {"kept", "made"}


def test_a_cancelled_repair_is_not_undone_either(queue, script, done):
    repair = queue.add("kept", parameters={"repair": True})
    queue.change(repair, attempts=1, cancel_requested=True)
    runner = script(lambda kind, items, _: done(items))
    queue.work(runner)
    assert runner.runs == []
    assert queue.show(repair).status == "cancelled"
