"""Where servers go, and that no more is given than there is and than the quota allows."""

from dataclasses import replace

import pytest

from tenrec_api.config import ComputeNode
from tenrec_api.models.server import Server
from tenrec_api.services.compute import nodes
from tenrec_api.services.compute.nodes import Amount
from tenrec_api.services.compute.scheduling import Scheduler

SERVERS = "/compute/v2.1/servers"
SMALL = ComputeNode("small", vcpus=2, memory_mib=2048, disk_gib=10, cpu_allocation_ratio=1.0)
LARGE = replace(SMALL, name="large", memory_mib=8192)


@pytest.fixture
def scheduler(session):
    """Over a small and a large node."""
    nodes.sync(session, [SMALL, LARGE])
    return Scheduler.lock(session)


def test_the_emptiest_that_fits(scheduler):
    hosts = [scheduler.claim(Amount(1, 1024, 1))[0] for _ in range(4)]
    assert sorted(host.name for host in hosts) == ["large", "large", "small", "small"]
    nowhere, lacks = scheduler.claim(Amount(1, 1024, 20))
    assert nowhere is None
    assert "small: 0 of 2 vCPUs free, 1 needed, " in lacks
    assert "8 of 10 GiB of disk free, 20 needed" in lacks


def test_a_named_host_and_a_disabled_one(session, scheduler):
    node, _ = scheduler.claim(Amount(1, 512, 1), host="small")
    assert node.name == "small"
    nodes.set_enabled(session, "small", False, "repair")
    nowhere, lacks = scheduler.claim(Amount(1, 512, 1), host="small")
    assert (nowhere, lacks) == (None, "small: takes no new servers")


def test_nodes_follow_the_configuration(session, make):
    server = session.get(Server, make())
    assert server.node.name == "node1"
    assert nodes.sync(session, [SMALL])
    assert not nodes.sync(session, [SMALL])
    assert [(use.node.name, use.node.present) for use in nodes.listing(session)] == [("node1", False), ("small", True)]
    server.node_id = server.node = None
    session.flush()
    assert nodes.sync(session, [SMALL, LARGE])
    assert [use.node.name for use in nodes.listing(session)] == ["small", "large"]


def test_no_room_is_a_server_in_error(client, admin, wanted, operations):
    body = {"flavor": {"id": "huge", "name": "huge", "ram": 16384, "vcpus": 2, "disk": 10}}
    assert admin.post("/compute/v2.1/flavors", json=body).status_code == 200
    answer = client.post(SERVERS, json=wanted(flavorRef="huge"))
    assert answer.status_code == 202
    path = f"{SERVERS}/{answer.json['server']['id']}"
    shown = client.get(path).json["server"]
    assert shown["status"] == "ERROR"
    assert shown["fault"]["message"].startswith("No valid host was found")
    assert "node1" not in str(shown)
    (action,) = client.get(f"{path}/os-instance-actions").json["instanceActions"]
    (event,) = client.get(f"{path}/os-instance-actions/{action['request_id']}").json["instanceAction"]["events"]
    assert event["traceback"].startswith("Choose a host: No valid host was found")
    assert "node1" not in str(event)
    assert "node1: 8192 of 8192 MiB of memory free, 16384 needed" in admin.get(path).json["server"]["fault"]["details"]
    assert [operation.kind for operation in operations()] == ["security_group_apply"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_the_quota_is_not_passed(client, admin, wanted, make):
    path = f"/compute/v2.1/os-quota-sets/{client.project_id}"
    assert admin.put(path, json={"quota_set": {"instances": 3, "cores": "2"}}).json["quota_set"]["instances"] == 3
    make()
    some = client.post(SERVERS, json=wanted(min_count=1, max_count=5))
    assert some.status_code == 202
    assert len(client.get(SERVERS).json["servers"]) == 2
    refused = client.post(SERVERS, json=wanted())
    assert refused.status_code == 403
    assert refused.json["forbidden"]["message"] == (
        "Quota exceeded for cores: Requested 1, but already used 2 of 2 cores"
    )


def test_a_zone_and_a_host(client, admin, wanted):
    assert client.post(SERVERS, json=wanted(availability_zone="nova")).status_code == 202
    assert client.post(SERVERS, json=wanted(availability_zone="nova:node1")).status_code == 403
