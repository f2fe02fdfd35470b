"""The transition tables: what is legal, what is not, and what the refusal says."""

from itertools import pairwise

import pytest

from tenrec_api import lifecycle
from tenrec_api.exceptions import Conflict
from tenrec_api.lifecycle import IMAGE, NETWORK, OPERATION, SERVER, VOLUME, IllegalTransition, Lifecycle

TABLES = [SERVER, VOLUME, IMAGE, NETWORK, OPERATION]


@pytest.mark.parametrize(
    ("table", "path"),
    [
        (SERVER, "BUILD ACTIVE SHUTOFF ACTIVE HARD_REBOOT ACTIVE ERROR DELETED"),
        (VOLUME, "creating available attaching in-use detaching available deleting deleted"),
        (VOLUME, "creating error deleting error_deleting deleting deleted"),
        (IMAGE, "queued saving importing active deactivated active deleted"),
        (NETWORK, "BUILD ACTIVE DOWN ACTIVE ERROR ACTIVE"),
        (OPERATION, "queued running queued running succeeded"),
    ],
)
def test_a_usual_life_is_legal(table, path):
    states = path.split()
    for old, new in pairwise(states):
        assert table.step(old, new) == new


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        (SERVER, "DELETED", "ACTIVE"),
        (VOLUME, "deleted", "available"),
        (VOLUME, "available", "in-use"),
        (IMAGE, "deleted", "active"),
        (OPERATION, "succeeded", "running"),
        (SERVER, "ACTIVE", "BUILD"),
        (SERVER, "ACTIVE", "active"),
        (SERVER, "no such", "no such"),
    ],
)
def test_an_illegal_step_is_a_conflict_that_names_the_legal_ones(table, old, new):
    with pytest.raises(IllegalTransition, match=f"from {old} to {new}") as raised:
        table.step(old, new)
    assert isinstance(raised.value, Conflict)
    for valid in table.steps.get(old, ()):
        assert valid in raised.value.message


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)
def test_staying_is_legal_and_every_state_can_be_reached(table: Lifecycle):
    first = next(iter(table.steps))
    for state in table.states:
        assert table.step(state, state) == state
    reached, todo = {first}, [first]
    while todo:
        for state in table.steps[todo.pop()] - reached:
            reached.add(state)
            todo.append(state)
    assert reached == table.states


def test_a_table_with_a_state_that_has_no_row_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        lifecycle._named("thing", "here", {"here": "nowhere"})
