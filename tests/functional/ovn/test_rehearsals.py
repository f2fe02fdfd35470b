"""Network playbooks as a dry run has them: everything they would write is shown, nothing is written."""

import pytest

from tests.functional.ovn.tenant import STORY

NOUNS = [noun for noun, _ in STORY]
TABLES = ("Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Port_Group", "ACL", "NAT", "DHCP_Options")


@pytest.fixture
def written(ovn):
    """Call it for all rows of the northbound database that a tenant can have."""
    return lambda: {table: ovn.rows(table) for table in (*TABLES, "NB_Global")}


def faults(result):
    return {name: outcome.fault for name, outcome in result.outcomes.items() if outcome.fault is not None}


@pytest.mark.parametrize("noun", NOUNS)
def test_what_builds_on_things_that_are_not_there_yet_is_shown_all_the_same(cloud, written, items, noun):
    # A request may bring the network, the group and the port in one; each is rehearsed by itself.
    before = written()
    result = cloud.rehearse(f"{noun}_apply", items[noun])
    assert (result.status, faults(result)) == ("successful", {}), result.output
    assert any(outcome.changed for outcome in result.outcomes.values())
    assert result.diffs
    assert written() == before
    assert cloud.records == []


def test_a_rehearsed_deletion_takes_nothing_away(networked, cloud, story, written):
    for noun, items in story:
        assert faults(cloud.run(f"{noun}_apply", items)) == {}
    kept = cloud.records
    before = written()
    for noun, items in story:
        result = cloud.rehearse(f"{noun}_delete", [{"id": item["id"]} for item in items])
        assert (result.status, faults(result)) == ("successful", {}), result.output
        assert any(outcome.changed for outcome in result.outcomes.values()), noun
        assert result.diffs
    assert written() == before
    assert cloud.records == kept
