"""Limits, quotas, usage, zones, hypervisors, services: what clients ask about the cloud itself."""

import pytest

from tenrec_api.orchestration.events import Fault, RunResult

ROOT = "/compute/v2.1"


@pytest.fixture
def server(make, worker):
    """The id of a server that is ACTIVE."""
    server_id = make()
    worker.run()
    return server_id


def test_limits_count_what_is_used(client, other, server):
    absolute = client.get(f"{ROOT}/limits", query_string={"reserved": "1"}).json["limits"]["absolute"]
    used = [absolute[name] for name in ("totalInstancesUsed", "totalCoresUsed", "totalRAMUsed")]
    assert used == [1, 1, 512]
    assert absolute["maxTotalInstances"] == 10
    assert other.get(f"{ROOT}/limits").json["limits"]["absolute"]["totalInstancesUsed"] == 0
    assert other.get(f"{ROOT}/limits", query_string={"tenant_id": client.project_id}).status_code == 403


def test_quotas(admin, client, other, server):
    path = f"{ROOT}/os-quota-sets/{client.project_id}"
    assert client.get(path).json["quota_set"]["cores"] == 20
    assert other.get(path).status_code == 403
    assert client.put(path, json={"quota_set": {"cores": 5}}).status_code == 403
    assert admin.put(path, json={"quota_set": {"cores": 5}}).json["quota_set"]["cores"] == 5
    assert admin.put(path, json={"quota_set": {"cores": 0}}).status_code == 400
    assert admin.put(path, json={"quota_set": {"cores": 0, "force": True}}).json["quota_set"]["cores"] == 0
    assert client.get(f"{path}/detail").json["quota_set"]["cores"] == {"limit": 0, "in_use": 1, "reserved": 0}
    assert client.get(f"{path}/defaults").json["quota_set"]["cores"] == 20
    assert admin.delete(path).status_code == 202
    assert client.get(path).json["quota_set"]["cores"] == 20
    for bad in ({"cores": "many"}, {"cores": -2}, {"cores": None}, {"cores": 2**31}, {"unheard_of": 1}, []):
        assert admin.put(path, json={"quota_set": bad}).status_code == 400
    assert admin.put(f"{ROOT}/os-quota-sets/none", json={"quota_set": {"cores": 1}}).status_code == 400
    assert admin.put(path, json={"quota_set": {"cores": 1}}, query_string={"user_id": "u"}).status_code == 400
    assert client.get(f"{ROOT}/os-quota-class-sets/default").json["quota_class_set"]["cores"] == 20


def test_usage(admin, client, other, server):
    times = {"start": "2020-01-01T00:00:00", "end": "2099-01-01T00:00:00.000000", "detailed": "1"}
    (usage,) = admin.get(f"{ROOT}/os-simple-tenant-usage", query_string=times).json["tenant_usages"]
    assert usage["tenant_id"] == client.project_id
    assert [each["instance_id"] for each in usage["server_usages"]] == [server]
    path = f"{ROOT}/os-simple-tenant-usage/{client.project_id}"
    shown = client.get(path, query_string=times).json["tenant_usage"]
    assert shown["total_memory_mb_usage"] == pytest.approx(512 * shown["total_hours"])
    assert client.get(path, query_string={"start": "2019-01-01", "end": "2020-01-01"}).json == {"tenant_usage": {}}
    assert client.get(path, query_string={"start": "2021-01-01", "end": "2020-01-01"}).status_code == 400
    assert client.get(path, query_string={"start": "yesterday"}).status_code == 400
    assert other.get(path).status_code == 403
    assert client.get(f"{ROOT}/os-simple-tenant-usage").status_code == 403


def test_hypervisors(admin, client, server):
    (summary,) = admin.get(f"{ROOT}/os-hypervisors").json["hypervisors"]
    (detail,) = admin.get(f"{ROOT}/os-hypervisors/detail").json["hypervisors"]
    assert detail["hypervisor_hostname"] == summary["hypervisor_hostname"] == "node1"
    assert (detail["running_vms"], detail["vcpus_used"], detail["memory_mb_used"]) == (1, 1, 512)
    assert admin.get(f"{ROOT}/os-hypervisors/{summary['id']}").json["hypervisor"] == detail
    assert admin.get(f"{ROOT}/os-hypervisors/none").status_code == 404
    assert admin.get(f"{ROOT}/os-hypervisors/{'9' * 40}").status_code == 404
    unknown = admin.get(f"{ROOT}/os-hypervisors/{summary['id']}/uptime")
    assert (unknown.status_code, unknown.json["notImplemented"]["code"]) == (501, 501)
    statistics = admin.get(f"{ROOT}/os-hypervisors/statistics").json["hypervisor_statistics"]
    assert (statistics["count"], statistics["vcpus"], statistics["running_vms"]) == (1, 4, 1)
    assert admin.get(f"{ROOT}/os-hypervisors/ode/search").json["hypervisors"] == [summary]
    assert admin.get(f"{ROOT}/os-hypervisors/%25/search").status_code == 404
    assert client.get(f"{ROOT}/os-hypervisors").status_code == 403


def test_a_disabled_service_takes_no_servers(admin, client, wanted):
    (service,) = admin.get(f"{ROOT}/os-services", query_string={"binary": "nova-compute"}).json["services"]
    assert (service["host"], service["status"], service["state"]) == ("node1", "enabled", "up")
    body = {"host": "node1", "binary": "nova-compute", "disabled_reason": "repair"}
    assert admin.put(f"{ROOT}/os-services/disable-log-reason", json=body).json["service"]["status"] == "disabled"
    refused = client.post(f"{ROOT}/servers", json=wanted()).json["server"]["id"]
    assert client.get(f"{ROOT}/servers/{refused}").json["server"]["status"] == "ERROR"
    del body["disabled_reason"]
    assert admin.put(f"{ROOT}/os-services/disable-log-reason", json=body).status_code == 400
    assert admin.put(f"{ROOT}/os-services/enable", json=body).json["service"]["status"] == "enabled"
    assert admin.put(f"{ROOT}/os-services/enable", json=body | {"host": "none"}).status_code == 404
    assert admin.put(f"{ROOT}/os-services/explode", json=body).status_code == 404
    assert client.get(f"{ROOT}/os-services").status_code == 403


def test_zones(admin, client):
    (zone,) = client.get(f"{ROOT}/os-availability-zone").json["availabilityZoneInfo"]
    assert zone == {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    assert client.get(f"{ROOT}/os-availability-zone/detail").status_code == 403
    (zone,) = admin.get(f"{ROOT}/os-availability-zone/detail").json["availabilityZoneInfo"]
    assert zone["hosts"]["node1"]["nova-compute"]["available"] is True


def test_what_there_is_none_of(admin, client):
    assert client.get(f"{ROOT}/extensions").json == {"extensions": []}
    assert client.get(f"{ROOT}/extensions/os-none").status_code == 404
    assert client.get(f"{ROOT}/os-server-groups").json == {"server_groups": []}
    assert client.post(f"{ROOT}/os-server-groups", json={"server_group": {"name": "x"}}).status_code == 403
    assert client.get(f"{ROOT}/os-server-groups/none").status_code == 404
    assert admin.get(f"{ROOT}/os-aggregates").json == {"aggregates": []}
    assert client.get(f"{ROOT}/os-aggregates").status_code == 403


def test_a_node_that_does_not_answer_is_down_and_takes_no_servers(session, worker, admin, client, wanted):
    def look(**seen):
        (observe,) = (each for each in worker.periodics if each.kind == "observe")
        observe.record(session, RunResult("successful", **seen))
        return admin.get(f"{ROOT}/os-services").json["services"][0]["state"]

    fault = Fault("Look at the servers", "node1", "no route to host", transient=True)
    assert look(hosts={"node1": {"domains": []}}) == "up"
    assert look(host_faults={"node1": fault}) == "down"
    refused = client.post(f"{ROOT}/servers", json=wanted()).json["server"]["id"]
    shown = admin.get(f"{ROOT}/servers/{refused}").json["server"]
    assert "does not answer" in shown["fault"]["details"]
    assert look(host_faults={"node1": fault, "elsewhere": fault}) == "down"
    assert look(hosts={"node1": {"domains": []}}) == "up"
    taken = client.post(f"{ROOT}/servers", json=wanted()).json["server"]["id"]
    assert client.get(f"{ROOT}/servers/{taken}").json["server"]["status"] == "BUILD"
