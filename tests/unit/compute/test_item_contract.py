"""What the workflows of servers hand out is what the modules take: checked against the modules' own argument specs."""

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tenrec.cloud.plugins.module_utils import domain_attachment, server_domain, volume_target
from ansible_collections.tenrec.cloud.plugins.modules import domain_console, logical_port

from tenrec_api.models.volume import Volume

SERVERS = "/compute/v2.1/servers"
ID = {"id": {"type": "str", "required": True}}


def complaints(spec: dict, item: dict) -> list[str]:
    """What a module with the item spec `spec` would say about `item`."""
    return ArgumentSpecValidator(ID | spec).validate(item).error_messages


@pytest.fixture
def server(client, make, session, worker):
    """A server with a volume, a key and user data, made by the worker; returns its id."""
    volume = Volume(
        project_id=client.project_id,
        user_id=client.user_id,
        size_gib=1,
        status="available",
        node="node1",
        chap_username="user",
        chap_password="secret",
    )
    session.add(volume)
    session.commit()
    server_id = make(
        user_data="IyEvYmluL3No",
        metadata={"role": "web"},
        block_device_mapping_v2=[{"uuid": volume.id, "source_type": "volume", "destination_type": "volume"}],
    )
    worker.run()
    return server_id


def test_a_creation(server, worker):
    item = worker.items[-1]
    assert complaints(server_domain.ServerDomain.item_spec, item) == []
    assert item["ports"] and item["volumes"]
    for port in item["ports"]:
        assert complaints(logical_port.LogicalPort.item_spec, port) == []
    for volume in item["volumes"]:
        assert complaints(volume_target.VolumeTarget.item_spec, volume) == []
        assert complaints(domain_attachment.DomainVolume.item_spec, volume) == []


def test_what_is_done_to_a_server(client, server, worker):
    for action in ({"os-stop": None}, {"os-start": None}, {"reboot": {"type": "SOFT"}}):
        assert client.post(f"{SERVERS}/{server}/action", json=action).status_code == 202
        worker.run()
        assert complaints(server_domain.ServerDomain.item_spec, worker.items[-1]) == []
    assert complaints(domain_console.Console.item_spec, {"id": server, "length": None}) == []


def test_a_deletion(client, server, worker):
    client.delete(f"{SERVERS}/{server}")
    worker.run()
    item = next(item for item in worker.items[::-1] if "volumes" in item)
    assert complaints(server_domain.ServerDomain.item_spec, item) == []
    for volume in item["volumes"]:
        assert complaints(volume_target.VolumeTarget.item_spec, volume) == []
    for port in item["ports"]:
        assert complaints(logical_port.LogicalPort.item_spec, port) == []
