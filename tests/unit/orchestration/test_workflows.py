"""The registry: what is defined beside the base is found, and mistakes are refused."""

from pathlib import Path

import pytest

from tenrec_api.orchestration.workflows import by_kind, discover
from tenrec_api.orchestration.workflows.base import Workflow

PLAYBOOKS = Path(__file__).parents[3] / "collections/ansible_collections/tenrec/cloud/playbooks"


def make(kind, **options):
    return Workflow(kind, item=None, succeed=None, fail=None, **options)


def test_two_of_one_kind_are_refused():
    with pytest.raises(ValueError, match="two workflows of the kind a"):
        by_kind([make("a"), make("a")])


def test_a_compensation_must_be_a_workflow():
    with pytest.raises(ValueError, match="compensation b of a"):
        by_kind([make("a", compensation="b")])


def test_workflows_and_playbooks_are_the_same():
    workflows, periodics = discover()
    playbooks = {path.stem for path in PLAYBOOKS.glob("*.yml")}
    assert playbooks == workflows.keys() | {periodic.kind for periodic in periodics}
