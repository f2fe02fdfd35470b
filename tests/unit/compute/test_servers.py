"""A server's life: made, looked at, changed, gone."""

import base64

import pytest
from sqlalchemy import event

from tenrec_api.models.port import Port
from tenrec_api.models.server import Server
from tenrec_api.orchestration.workflows.base import Fault

from .conftest import make_network

SERVERS = "/compute/v2.1/servers"


def test_a_server_is_made_by_one_operation(client, make, operations, image, network):
    server_id = make(user_data=base64.b64encode(b"#!/bin/sh").decode(), metadata={"role": "web"})
    shown = client.get(f"{SERVERS}/{server_id}").json["server"]
    assert shown["status"] == "BUILD"
    assert shown["OS-EXT-STS:task_state"] == "spawning"
    assert shown["metadata"] == {"role": "web"}
    assert shown["image"]["id"] == image.id
    (address,) = shown["addresses"]["private"]
    assert address["addr"].startswith("10.0.0.")
    assert shown["security_groups"] == [{"name": "default"}]
    assert "OS-EXT-SRV-ATTR:host" not in shown
    operation = operations()[-1]
    assert (operation.kind, operation.resource_id, operation.nodes) == (
        "server_create",
        server_id,
        {"compute": "node1"},
    )
    touched = operation.touched
    assert touched[server_id] and not touched[network.id] and not touched[image.id]


def test_the_worker_makes_it_active(client, make, worker):
    server_id = make(name="{{ lookup('pipe', 'id') }}")
    assert "server_create" in worker.run()
    item = worker.items[-1]
    assert item["name"] == "{{ lookup('pipe', 'id') }}"
    assert (item["vcpus"], item["memory_mib"], item["root_gib"]) == (1, 512, 2)
    assert item["image"]["url"].startswith("https://cloud.test/image/v2/images/")
    assert item["config_drive"]["meta_data"]["uuid"] == server_id
    assert item["config_drive"]["meta_data"]["hostname"] == "lookuppipe-id"
    assert item["config_drive"]["network_data"]["networks"][0]["type"] == "ipv4_dhcp"
    shown = client.get(f"{SERVERS}/{server_id}").json["server"]
    assert (shown["status"], shown["OS-EXT-STS:power_state"], shown["OS-EXT-STS:task_state"]) == ("ACTIVE", 1, None)
    assert shown["OS-SRV-USG:launched_at"]


def test_a_failed_creation_leaves_a_fault_and_nothing_else(client, make, worker, session):
    server_id = make()
    worker.run(fault=Fault("Start the domains", "node1", "no space left"))
    shown = client.get(f"{SERVERS}/{server_id}").json["server"]
    assert shown["status"] == "ERROR"
    assert shown["fault"]["message"] == "Start the domains: no space left"
    assert "node1" not in str(shown)
    assert shown["addresses"] == {}
    assert session.query(Port).filter_by(device_id=server_id).count() == 0
    assert session.get(Server, server_id, populate_existing=True).node_id is None
    assert client.delete(f"{SERVERS}/{server_id}").status_code == 204
    assert client.get(f"{SERVERS}/{server_id}").status_code == 404


def test_a_deleted_server_keeps_its_status_until_it_is_gone(client, make, worker, session):
    server_id = make()
    worker.run()
    assert client.delete(f"{SERVERS}/{server_id}").status_code == 204
    assert client.delete(f"{SERVERS}/{server_id}").status_code == 204
    shown = client.get(f"{SERVERS}/{server_id}").json["server"]
    assert (shown["status"], shown["OS-EXT-STS:task_state"]) == ("ACTIVE", "deleting")
    assert worker.run() == ["server_delete"]
    assert len(worker.items[-1]["ports"]) == 1
    assert client.get(f"{SERVERS}/{server_id}").status_code == 404
    assert client.get(SERVERS).json["servers"] == []
    assert session.query(Port).count() == 0


def test_deleted_while_it_is_built(client, make, worker, operations):
    server_id = make()
    assert client.delete(f"{SERVERS}/{server_id}").status_code == 204
    assert [operation.kind for operation in operations()][-2:] == ["server_create", "server_delete"]
    worker.run()
    assert [item["id"] for item in worker.items if "ports" in item and "name" not in item] == [server_id]
    assert client.get(f"{SERVERS}/{server_id}").status_code == 404


def test_a_failed_deletion_can_be_tried_again(client, make, worker):
    server_id = make()
    worker.run()
    client.delete(f"{SERVERS}/{server_id}")
    worker.run(fault=Fault("Remove the domains", "node1", "unreachable"))
    shown = client.get(f"{SERVERS}/{server_id}").json["server"]
    assert (shown["status"], shown["fault"]["message"]) == ("ERROR", "Remove the domains: unreachable")
    assert client.delete(f"{SERVERS}/{server_id}").status_code == 204
    worker.run()
    assert client.get(f"{SERVERS}/{server_id}").status_code == 404


def test_another_projects_server_does_not_exist(client, other, make):
    server_id = make()
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/metadata"),
        ("GET", "/os-instance-actions"),
    ):
        answer = other.send(
            method, f"{SERVERS}/{server_id}{path}", json={"server": {"name": "x"}} if method == "PUT" else None
        )
        assert answer.status_code == 404, (method, path)
    assert other.post(f"{SERVERS}/{server_id}/action", json={"os-stop": None}).status_code == 404
    assert other.get(SERVERS).json["servers"] == []
    assert other.get(SERVERS, query_string={"all_tenants": "1"}).status_code == 403


def test_an_administrator_sees_where_it_is(admin, client, make):
    server_id = make()
    shown = admin.get(f"{SERVERS}/{server_id}").json["server"]
    assert shown["OS-EXT-SRV-ATTR:host"] == "node1"
    found = admin.get(f"{SERVERS}/detail", query_string={"all_tenants": "True", "host": "node1"}).json["servers"]
    assert [server["id"] for server in found] == [server_id]


def test_a_port_of_the_clients_own_stays(client, make, worker, session, network):
    made = client.post("/network/v2.0/ports", json={"port": {"network_id": network.id}})
    port_id = made.json["port"]["id"]
    server_id = make(networks=[{"port": port_id}])
    worker.run()
    again = client.post(SERVERS, json={"server": {"name": "x", "flavorRef": "x", "networks": [{"port": port_id}]}})
    assert again.status_code == 400
    client.delete(f"{SERVERS}/{server_id}")
    worker.run()
    port = session.get(Port, port_id, populate_existing=True)
    assert (port.device_id, port.status) == ("", "DOWN")


@pytest.mark.parametrize(
    "attributes",
    [
        {"name": ""},
        {"name": "x" * 256},
        {"name": "a\u0000b"},
        {"name": "a\nb"},
        {"name": 5},
        {"imageRef": "no-uuid"},
        {"imageRef": "00000000-0000-0000-0000-000000000000"},
        {"imageRef": None},
        {"flavorRef": "no such"},
        {"flavorRef": None},
        {"flavorRef": []},
        {"networks": [{"uuid": "00000000-0000-0000-0000-000000000000"}]},
        {"networks": [{"uuid": "x"}]},
        {"networks": [{}]},
        {"networks": "some"},
        {"networks": 5},
        {"networks": [5]},
        {"networks": [{"port": "00000000-0000-0000-0000-000000000000"}]},
        {"key_name": "none of mine"},
        {"security_groups": [{"name": "none of mine"}]},
        {"security_groups": ["default"]},
        {"user_data": "not base64!"},
        {"user_data": "A" * 70000},
        {"metadata": {"a": 1}},
        {"metadata": {"": "x"}},
        {"metadata": []},
        {"metadata": {str(index): "x" for index in range(129)}},
        {"availability_zone": "mars"},
        {"min_count": 3, "max_count": 2},
        {"min_count": 0},
        {"max_count": "many"},
        {"max_count": 10**9},
        {"personality": [{"path": "/etc/x", "contents": ""}]},
        {"adminPass": "secret"},
        {"unheard_of": 1},
        {"block_device_mapping_v2": [{"source_type": "blank", "destination_type": "volume", "volume_size": 1}]},
        {"block_device_mapping_v2": [{"source_type": "volume"}]},
        {"block_device_mapping_v2": {}},
        {"config_drive": "perhaps"},
        {"accessIPv4": "::1"},
    ],
)
def test_what_is_wrong_in_a_request_is_refused(client, wanted, operations, attributes):
    before = len(operations())
    answer = client.post(SERVERS, json=wanted(**attributes))
    assert answer.status_code == 400, answer.json
    assert answer.json["badRequest"]["message"]
    assert len(operations()) == before
    assert client.get(SERVERS).json["servers"] == []


def test_many_at_once(client, wanted, operations):
    answer = client.post(SERVERS, json=wanted(name="web", min_count=2, max_count=3, return_reservation_id=True))
    assert answer.json["reservation_id"].startswith("r-")
    found = client.get(
        SERVERS,
        query_string={"reservation_id": answer.json["reservation_id"], "sort_key": "display_name", "sort_dir": "asc"},
    )
    assert [server["name"] for server in found.json["servers"]] == ["web-1", "web-2", "web-3"]


def test_pages_and_filters(client, wanted, make):
    for name in ("alpha", "beta", "a%b"):
        make(name=name)
    page = client.get(SERVERS, query_string={"limit": 2, "sort_key": "created_at", "sort_dir": "asc"}).json
    assert [server["name"] for server in page["servers"]] == ["alpha", "beta"]
    following = page["servers_links"][0]["href"].removeprefix("https://cloud.test")
    assert [server["name"] for server in client.get(following).json["servers"]] == ["a%b"]

    def names(**query):
        return {server["name"] for server in client.get(f"{SERVERS}/detail", query_string=query).json["servers"]}

    assert names(name="^alpha$") == {"alpha"}
    assert names(name="et") == {"beta"}
    assert names(name="a%b") == {"a%b"}
    assert names(name="a.*a") == {"alpha"}
    assert names(status="ACTIVE") == set()
    assert names(status="build") == {"alpha", "beta", "a%b"}
    assert names(deleted="False", **{"changes-since": "2020-01-01T00:00:00Z"}) == {"alpha", "beta", "a%b"}
    assert names(ip="10.0.0.") == {"alpha", "beta", "a%b"}
    assert names(ip="10.0.1.") == set()
    assert client.get(SERVERS, query_string={"marker": "nothing"}).status_code == 400
    assert client.get(SERVERS, query_string={"sort_key": "nothing"}).status_code == 400
    assert client.get(SERVERS, query_string={"changes-since": "yesterday"}).status_code == 400


def test_a_name_is_changed(client, make):
    server_id = make()
    answer = client.put(f"{SERVERS}/{server_id}", json={"server": {"name": " db "}})
    assert answer.json["server"]["name"] == "db"
    assert client.put(f"{SERVERS}/{server_id}", json={"server": {"name": ""}}).status_code == 400


def test_metadata(client, make):
    path = f"{SERVERS}/{make(metadata={'a': '1'})}/metadata"
    assert client.post(path, json={"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    assert client.put(f"{path}/a", json={"meta": {"a": "3"}}).json == {"meta": {"a": "3"}}
    assert client.put(f"{path}/a", json={"meta": {"b": "3"}}).status_code == 400
    assert client.get(f"{path}/a").json == {"meta": {"a": "3"}}
    assert client.delete(f"{path}/b").status_code == 204
    assert client.delete(f"{path}/b").status_code == 404
    assert client.put(path, json={"metadata": {"c": "4"}}).json == {"metadata": {"c": "4"}}
    assert client.put(path, json={"metadata": {"c": None}}).status_code == 400


def test_interfaces(client, make, network):
    path = f"{SERVERS}/{make()}"
    (interface,) = client.get(f"{path}/os-interface").json["interfaceAttachments"]
    assert interface["net_id"] == network.id
    assert interface["fixed_ips"][0]["ip_address"].startswith("10.0.0.")
    assert client.get(f"{path}/os-interface/{interface['port_id']}").json == {"interfaceAttachment": interface}
    assert client.get(f"{path}/os-interface/none").status_code == 404
    (group,) = client.get(f"{path}/os-security-groups").json["security_groups"]
    assert group["name"] == "default"
    assert [rule["group"]["name"] for rule in group["rules"]] == ["default", "default"]
    assert client.get(f"{path}/ips/private").json["private"][0]["version"] == 4
    assert client.get(f"{path}/ips/none").status_code == 404


def test_a_network_is_chosen_only_when_there_is_no_doubt(client, make, wanted, session):
    body = wanted()
    del body["server"]["networks"]
    alone = client.post(SERVERS, json=body).json["server"]["id"]
    assert "private" in client.get(f"{SERVERS}/{alone}").json["server"]["addresses"]
    assert client.get(f"{SERVERS}/{make(networks='none')}").json["server"]["addresses"] == {}
    fixed = make(
        networks=[{"uuid": make_network(session, client.project_id, "second", "10.0.1").id, "fixed_ip": "10.0.1.77"}]
    )
    (address,) = client.get(f"{SERVERS}/{fixed}").json["server"]["addresses"]["second"]
    assert address["addr"] == "10.0.1.77"
    assert client.post(SERVERS, json=body).status_code == 409


def test_an_image_must_fit(client, wanted, session, image):
    image.min_ram = 1024
    session.commit()
    assert "memory is too small" in client.post(SERVERS, json=wanted()).json["badRequest"]["message"]
    image.min_ram, image.virtual_size = 0, 3 * 1024**3
    session.commit()
    assert "disk is too small" in client.post(SERVERS, json=wanted()).json["badRequest"]["message"]
    image.status = "deactivated"
    session.commit()
    assert "is not active" in client.post(SERVERS, json=wanted()).json["badRequest"]["message"]


def test_a_long_list_costs_no_more_queries_than_a_short_one(client, wanted, session):
    def queries() -> int:
        asked = []
        listener = lambda *arguments: asked.append(arguments[2])  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", listener)
        assert client.get(f"{SERVERS}/detail").status_code == 200
        event.remove(session.get_bind(), "before_cursor_execute", listener)
        return len(asked)

    client.post(SERVERS, json=wanted())
    one = queries()
    client.post(SERVERS, json=wanted(min_count=8))
    assert len(client.get(SERVERS).json["servers"]) == 9
    assert queries() == one
