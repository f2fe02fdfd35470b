"""The filter that leaves out what an earlier task could not do."""

from ansible_collections.tenrec.cloud.plugins.filter.surviving import surviving

ITEMS = [{"id": "a", "name": "{{ 7 * 6 }}"}, {"id": "b"}, {"id": "c"}]


def test_items_without_an_error_stay_as_they_are():
    ports = {"results": [{"id": "a", "changed": True}, {"id": "b", "error": "no"}, {"id": "c", "changed": False}]}
    left = surviving(ITEMS, ports)
    assert left == [ITEMS[0], ITEMS[2]]
    assert left[0] is ITEMS[0]


def test_every_task_counts():
    first = {"results": [{"id": "a", "error": "no"}]}
    second = {"results": [{"id": "c", "error": "no"}]}
    assert surviving(ITEMS, first, second) == [ITEMS[1]]


def test_a_skipped_task_failed_nothing():
    assert surviving(ITEMS, {"skipped": True, "changed": False}) == ITEMS


def test_a_task_that_failed_without_results_failed_all():
    assert surviving(ITEMS, {"failed": True, "msg": "no connection"}) == []
