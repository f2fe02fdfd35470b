"""What placement says follows from the nodes and the servers."""

from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.server import Server

ROOT = "/placement"


def add_server(session, node: ComputeNode) -> str:
    """A server of two vCPUs, 1 GiB of memory and no local disk, on `node`."""
    server = Server(
        project_id="p",
        user_id="u",
        name="web",
        hostname="web",
        reservation_id="r-1",
        flavor={"id": "1"},
        seed="0",
        vcpus=2,
        memory_mib=1024,
        disk_gib=0,
        node_id=node.id,
    )
    session.add(server)
    session.commit()
    return server.id


def test_a_node_is_a_provider(admin, session):
    (provider,) = admin.get(f"{ROOT}/resource_providers").json["resource_providers"]
    assert provider["name"] == "node1"
    path = f"{ROOT}/resource_providers/{provider['uuid']}"
    assert admin.get(path).json["uuid"] == provider["uuid"]
    inventories = admin.get(f"{path}/inventories").json["inventories"]
    assert inventories["VCPU"]["total"] == 4
    assert inventories["VCPU"]["allocation_ratio"] == 4.0
    assert admin.get(f"{path}/inventories/DISK_GB").json["total"] == 100
    assert admin.get(f"{path}/inventories/GPU").status_code == 404
    assert admin.get(f"{path}/usages").json["usages"] == {"VCPU": 0, "MEMORY_MB": 0, "DISK_GB": 0}


def test_a_servers_claim_is_its_allocation(admin, session):
    node = session.query(ComputeNode).one()
    server_id = add_server(session, node)
    given = {"VCPU": 2, "MEMORY_MB": 1024}
    path = f"{ROOT}/resource_providers/{node.id}"
    assert admin.get(f"{path}/usages").json["usages"] == {**given, "DISK_GB": 0}
    assert admin.get(f"{path}/allocations").json["allocations"] == {server_id: {"resources": given}}
    assert admin.get(f"{ROOT}/allocations/{server_id}").json["allocations"][node.id]["resources"] == given
    assert admin.get(f"{ROOT}/allocations/none").json == {"allocations": {}}


def test_only_administrators_may_look_and_nobody_may_write(admin, client, anonymous):
    assert client.get(f"{ROOT}/resource_providers").status_code == 403
    assert anonymous.get(f"{ROOT}/resource_providers").status_code == 401
    assert anonymous.get(f"{ROOT}/").json["versions"][0]["id"] == "v1.0"
    refused = admin.post(f"{ROOT}/resource_providers", json={"name": "x"})
    assert refused.status_code == 405
    assert refused.json["errors"][0]["status"] == 405
    assert admin.get(f"{ROOT}/resource_providers/none").status_code == 404
    assert admin.get(f"{ROOT}/resource_providers", query_string={"uuid": "none"}).status_code == 400
    assert admin.get(f"{ROOT}/resource_providers", query_string={"resources": "VCPU:1"}).status_code == 400
    assert admin.get(f"{ROOT}/resource_providers", query_string={"name": "none"}).json == {"resource_providers": []}
