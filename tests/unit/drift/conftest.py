"""A cloud whose hosts say what the test writes, a worker for it, and a network."""

import pytest

from tenrec_api.models.network import Network
from tenrec_api.orchestration.claims import Claims
from tenrec_api.orchestration.events import Outcome, RunResult
from tenrec_api.orchestration.execution import Execution
from tenrec_api.orchestration.reconcile import Reconciler
from tenrec_api.orchestration.workflows import discover


class Cloud:
    """The runner. `hosts` and `diffs` (by kind) are what it answers; `runs` notes what was asked."""

    def __init__(self):
        self.hosts, self.host_faults, self.diffs, self.faults, self.runs = {}, {}, {}, {}, []
        self.on_run = lambda kind, check: None

    def run(self, kind, items, nodes, deadline, cancelled, check=False, keep=True):
        self.runs.append((kind, [each["id"] for each in items], dict(nodes), check, keep))
        self.on_run(kind, check)
        result = RunResult("successful", {each["id"]: Outcome() for each in items})
        result.hosts, result.host_faults = (self.hosts, self.host_faults) if kind == "reconcile" else ({}, {})
        result.diffs = self.diffs.get(kind, [])
        for identity, fault in self.faults.items():
            if identity in result.outcomes:
                result.outcomes[identity].fault = fault
        return result


@pytest.fixture
def cloud():
    return Cloud()


@pytest.fixture
def work(app, cloud):
    """Carry out the operations that wait, as a worker does."""
    sessions = app.extensions["tenrec"].sessions
    claims = Claims(sessions, "host/1/one", lease_seconds=30)
    workflows = discover()[0]

    def do(only=None):
        while batch := claims.claim({only: workflows[only]} if only else workflows):
            Execution(sessions, claims, Reconciler(cloud, sessions), workflows, batch).run()
            if only:
                return

    return do


@pytest.fixture
def network(session, client):
    network = Network(project_id=client.project_id, name="private", status="ACTIVE", mtu=1442)
    session.add(network)
    session.commit()
    return network.id


@pytest.fixture
def switch():
    """Makes what the network's playbook in check mode says of a switch: switch(network id, before)."""

    def diff(network, before=None):
        return {
            "host": "controller1",
            "before_header": f"LogicalSwitch {network}",
            "before": before or {},
            "after": {"switch": {"name": "x"}},
        }

    return diff
