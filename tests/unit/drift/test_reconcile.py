"""A comparison from the request to the repairs, with a runner whose answers the test writes."""

import pytest
from sqlalchemy import select

from tenrec_api.models.finding import Finding
from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.events import Fault
from tenrec_api.orchestration.reconcile import Reconciler
from tenrec_api.services.drift import findings

TENREC = "/tenrec/v1"


def test_a_check_names_what_differs_and_changes_nothing(admin, cloud, work, network, operations, switch):
    cloud.diffs["network_apply"] = [switch(network)]
    cloud.hosts["node1"] = {"stray_domains": ["windows"]}
    answer = admin.post(f"{TENREC}/reconcile", json={})
    assert answer.status_code == 202, answer.json
    work()
    shown = admin.get(f"{TENREC}/operations/{answer.json['operation']['id']}").json["operation"]
    assert shown["status"] == "succeeded", shown
    assert all(check and not keep for _kind, _items, _nodes, check, keep in cloud.runs)
    listed = admin.get(f"{TENREC}/findings").json
    assert listed["compared_at"]
    seen = {
        (each["resource_type"], each["resource_id"], each["problem"], each["operation_id"])
        for each in listed["findings"]
    }
    assert seen == {("domain", "windows", "orphaned", None), ("network", network, "missing", None)}
    assert operations() == []


def test_repairs_are_the_operations_that_create(admin, cloud, work, network, session, switch):
    cloud.diffs["network_apply"] = [switch(network)]
    admin.post(f"{TENREC}/reconcile", json={"repair": True})
    work("reconcile")
    (finding,) = session.scalars(select(Finding))
    repair = session.scalars(select(Operation).where(Operation.id == finding.operation_id)).one()
    assert (repair.kind, repair.resource_id, repair.status) == ("network_apply", network, "queued")
    work()
    assert cloud.runs[-1] == ("network_apply", [network], {}, False, True)


def test_a_later_comparison_replaces_the_findings(admin, cloud, work, network, session, switch):
    cloud.diffs["network_apply"] = [switch(network)]
    for expected in (1, 0):
        admin.post(f"{TENREC}/reconcile", json={})
        work()
        session.expire_all()
        assert len(session.scalars(select(Finding)).all()) == expected
        cloud.diffs.clear()


def test_what_is_being_changed_is_not_compared(app, client, cloud, network, switch):
    client.put(f"/network/v2.0/networks/{network}", json={"network": {"name": "another"}})
    cloud.diffs["network_apply"] = [switch(network)]
    reconciler = Reconciler(cloud, app.extensions["tenrec"].sessions)
    result = reconciler.run("reconcile", [{"id": "cloud"}], {}, 60, lambda: False)
    assert result.outcomes["cloud"].facts["found"] == []
    assert [kind for kind, *_rest in cloud.runs] == ["reconcile"]


def test_a_comparison_that_is_broken_off_finds_nothing(app, cloud, network):
    reconciler = Reconciler(cloud, app.extensions["tenrec"].sessions)
    result = reconciler.run("reconcile", [{"id": "cloud"}], {}, 60, lambda: True)
    assert result.status == "canceled"
    assert result.outcomes["cloud"].fault is not None


def test_a_host_that_is_away_is_a_finding_and_keeps_no_other_from_being_looked_at(admin, cloud, work, network, session):
    cloud.host_faults["node1"] = Fault("Look at the servers", "node1", "no route to host", transient=True)
    cloud.faults[network] = Fault("Apply the network", "controller1", "it is odd", own=True)
    admin.post(f"{TENREC}/reconcile", json={"repair": True})
    work()
    seen = {
        (each.resource_type, each.resource_id, each.problem, each.detail) for each in session.scalars(select(Finding))
    }
    assert seen == {
        ("host", "node1", "failed", "Look at the servers: no route to host"),
        ("network", network, "failed", "Apply the network: it is odd"),
    }


def test_the_timer_asks_once_however_many_workers_there_are(session, operations):
    assert findings.request_if_due(session, 300)
    assert not findings.request_if_due(session, 300)
    assert len(operations()) == 1


@pytest.mark.parametrize("path", ["findings", "metrics"])
def test_hosts_are_not_shown_to_tenants(client, path):
    assert client.get(f"{TENREC}/{path}").status_code == 403
    assert client.post(f"{TENREC}/reconcile", json={}).status_code == 403


@pytest.mark.parametrize("body", [{"repair": "maybe"}, {"repair": None}, {"remove": True}, []])
def test_a_request_that_makes_no_sense_is_refused(admin, body, operations):
    answer = admin.post(f"{TENREC}/reconcile", json=body)
    assert answer.status_code == 400
    assert operations() == []


def test_metrics_are_what_prometheus_reads(admin, cloud, work, network, switch):
    cloud.diffs["network_apply"] = [switch(network)]
    admin.post(f"{TENREC}/reconcile", json={})
    work()
    answer = admin.get(f"{TENREC}/metrics")
    assert answer.content_type.startswith("text/plain")
    lines = answer.get_data(as_text=True).splitlines()
    assert 'tenrec_findings{problem="missing",resource_type="network"} 1.0' in lines
    assert 'tenrec_operations{kind="reconcile",status="succeeded"} 1.0' in lines
    assert "tenrec_oldest_queued_operation_seconds 0.0" in lines
    assert any(line.startswith("tenrec_last_reconcile_age_seconds ") for line in lines)
    assert 'tenrec_last_hour_runs{playbook="reconcile",status="successful"} 1.0' in lines
