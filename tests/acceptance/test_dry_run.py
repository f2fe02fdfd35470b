"""Dry runs on the deployed cloud: what the nodes would change is told, and nothing anywhere is changed."""

import json
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from launcher.paths import CLOUDS
from tests.acceptance.client import OpenStack, remove_security_groups
from tests.acceptance.host import NORTHBOUND_TABLES, Host, differences, wait_until

DRY = {"X-Tenrec-Dry-Run": "true"}
SECRET = "d2hhdCB0aGUgdXNlciB0eXBlZA=="
# What the worker writes by itself, again and again.
PERIODIC = re.compile(r"-(observe|reconcile)-")
PERIODIC_TABLES = ("compute_nodes", "findings")


@dataclass
class Api:
    """The APIs as one user has them. Paths begin with the API's name."""

    token: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        entry = json.loads(CLOUDS.read_text())["clouds"]["tenrec"]
        url = entry["auth"]["auth_url"].removesuffix("/identity/v3") + path
        given = {"X-Auth-Token": self.token, **headers}
        return requests.request(method, url, json=body, headers=given, verify=entry["cacert"], timeout=120)

    def make(self, path: str, key: str, **attributes: Any) -> dict:
        """POST; returns what is in the envelope."""
        answer = self("POST", path, {key: attributes})
        assert answer.ok, answer.text
        return answer.json()[key]

    def rehearse(self, method: str, path: str, body: Any = None) -> dict:
        """The verdict of a request that would be accepted."""
        answer = self(method, path, body, **DRY)
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-Tenrec-Dry-Run"] == "true"
        return answer.json()["dry_run"]


def state(host: Host) -> dict[str, Any]:
    """Everything that a request could change: engines, files, and all rows of the database."""
    ignored = [f"--ignore-table=tenrec.{table}" for table in PERIODIC_TABLES]
    rows = host("mariadb-dump", "--no-create-info", "--skip-extended-insert", "--compact", *ignored, "tenrec")
    files = host("find", "/var/lib/tenrec", "/etc/tgt/conf.d", "/etc/libvirt").splitlines()
    return {
        **host.holdings(),
        **{f"rows of {table}": set(host("ovn-nbctl", "list", table).splitlines()) for table in NORTHBOUND_TABLES},
        "files": {file for file in files if not PERIODIC.search(file)},
        "database": set(rows.splitlines()),
        "running": set(host("virsh", "-q", "list", "--name").split()),
    }


@pytest.fixture(scope="module")
def api(member: OpenStack) -> Api:
    """The member's APIs."""
    return Api(member.show("token", "issue")["id"])


@pytest.fixture(scope="module")
def operator(admin: OpenStack) -> Api:
    """The administrator's APIs."""
    return Api(admin.show("token", "issue")["id"])


@pytest.fixture(scope="module")
def made(admin: OpenStack, member: OpenStack, api: Api, host: Host):
    """A small project with a running server, a volume in it and a free one."""
    remove_security_groups(admin, member)
    external = next(each for each in api("GET", "/network/v2.0/networks").json()["networks"] if each["router:external"])
    image = next(each for each in api("GET", "/image/v2/images").json()["images"] if each["name"] == "tiny")
    flavor = admin.show("flavor", "create", "--ram", "128", "--disk", "1", "--vcpus", "1", "rehearsed")["id"]
    network = api.make("/network/v2.0/networks", "network", name="rehearsed")["id"]
    subnet = {"network_id": network, "cidr": "10.31.0.0/24", "ip_version": 4}
    subnet = api.make("/network/v2.0/subnets", "subnet", **subnet)["id"]
    gateway = {"external_gateway_info": {"network_id": external["id"]}}
    router = api.make("/network/v2.0/routers", "router", name="rehearsed", **gateway)["id"]
    joined = api("PUT", f"/network/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet})
    assert joined.ok, joined.text
    group = api.make("/network/v2.0/security-groups", "security_group", name="rehearsed")["id"]
    volumes = [api.make("/volume/v3/volumes", "volume", size=1)["id"] for _ in range(2)]
    server = {"name": "rehearsed", "imageRef": image["id"], "flavorRef": flavor, "networks": [{"uuid": network}]}
    server_id = api.make("/compute/v2.1/servers", "server", **server)["id"]
    path = f"/compute/v2.1/servers/{server_id}"
    wait_until(lambda: api("GET", path).json()["server"]["status"] == "ACTIVE", "the server")
    attached = api("POST", f"{path}/os-volume_attachments", {"volumeAttachment": {"volumeId": volumes[1]}})
    assert attached.ok, attached.text
    wait_until(host.idle, "the end of all operations")
    ports = api("GET", f"/network/v2.0/ports?device_id={server_id}").json()["ports"]
    yield SimpleNamespace(
        external=external["id"], network=network, subnet=subnet, router=router, group=group, volumes=volumes,
        server=server, server_id=server_id, port=ports[0]["id"],
    )  # fmt: skip
    api("DELETE", path)
    wait_until(lambda: api("GET", path).status_code == 404, "the server's end")
    for volume in volumes:
        api("DELETE", f"/volume/v3/volumes/{volume}")
    api("PUT", f"/network/v2.0/routers/{router}/remove_router_interface", {"subnet_id": subnet})
    api("DELETE", f"/network/v2.0/routers/{router}")
    api("DELETE", f"/network/v2.0/networks/{network}")
    admin("flavor", "delete", flavor)
    wait_until(host.idle, "the end of all operations")
    remove_security_groups(admin, member)


def story(made: SimpleNamespace) -> list[tuple[str, str, Any, set[str]]]:
    """Requests, each with the tasks that it would have changing something."""
    servers, volumes, network = "/compute/v2.1/servers", "/volume/v3/volumes", "/network/v2.0"
    server = f"{servers}/{made.server_id}"
    rule = {"security_group_id": made.group, "direction": "ingress", "protocol": "tcp"}
    floating = {"floating_network_id": made.external, "port_id": made.port}
    return [
        ("POST", servers, {"server": {**made.server, "user_data": SECRET}}, {"Apply the ports", "Start the server"}),
        ("DELETE", server, None, {"Remove the server", "Remove the ports"}),
        ("POST", f"{server}/action", {"os-stop": None}, {"Stop the server"}),
        ("POST", f"{server}/action", {"reboot": {"type": "HARD"}}, {"Reboot the server"}),
        ("POST", volumes, {"volume": {"size": 1}}, {"Create the volume"}),
        ("DELETE", f"{volumes}/{made.volumes[0]}", None, {"Delete the volume"}),
        (
            "POST",
            f"{server}/os-volume_attachments",
            {"volumeAttachment": {"volumeId": made.volumes[0]}},
            {"Export the volume", "Attach the volume"},
        ),
        (
            "DELETE",
            f"{server}/os-volume_attachments/{made.volumes[1]}",
            None,
            {"Detach the volume", "Withdraw the volume"},
        ),
        ("POST", f"{network}/networks", {"network": {"name": "new"}}, {"Apply the network"}),
        ("POST", f"{network}/routers", {"router": {"name": "new"}}, {"Apply the router"}),
        ("PUT", f"{network}/routers/{made.router}", {"router": {"external_gateway_info": None}}, {"Apply the router"}),
        ("POST", f"{network}/security-group-rules", {"security_group_rule": rule}, {"Apply the security group"}),
        ("POST", f"{network}/security-groups", {"security_group": {"name": "new"}}, {"Apply the security group"}),
        ("POST", f"{network}/floatingips", {"floatingip": floating}, {"Apply the floating IP"}),
        ("POST", f"{network}/ports", {"port": {"network_id": made.network}}, {"Apply the port"}),
    ]


def test_requests_are_shown_and_nothing_is_changed(api, made, host):
    before = state(host)
    for method, path, body, tasks in story(made):
        verdict = api.rehearse(method, path, body)
        assert (verdict["verdict"], verdict["nodes"]) == ("accepted", "asked"), f"{method} {path}: {verdict}"
        assert all(operation["changed"] for operation in verdict["operations"])
        shown = {diff["task"] for operation in verdict["operations"] for diff in operation["diffs"]}
        assert tasks <= shown, f"{method} {path}"
        assert not {"nodes", "host"} & set(re.findall(r'"(\w+)":', json.dumps(verdict["operations"])))
        assert SECRET not in json.dumps(verdict)
    assert differences(before, state(host)) == {}


def test_a_refusal_is_that_of_the_real_request(api, made):
    path = f"/network/v2.0/routers/{made.router}"
    answers = [api("DELETE", path, **headers) for headers in (DRY, {})]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].json() == answers[1].json()
    assert [answer.headers.get("X-Tenrec-Dry-Run") for answer in answers] == ["true", None]


def test_an_administrator_sees_which_host_would_be_chosen(operator, made):
    verdict = operator.rehearse("POST", "/volume/v3/volumes", {"volume": {"size": 1}})
    (operation,) = verdict["operations"]
    assert set(operation["nodes"]) == {"storage"}
    assert {task["host"] for task in operation["tasks"]} == {operation["nodes"]["storage"]}
    assert {diff["host"] for diff in operation["diffs"]} == {operation["nodes"]["storage"]}


def test_the_verdict_is_there_without_a_worker(api, host):
    host("systemctl", "stop", "tenrec-worker")
    try:
        verdict = api.rehearse("POST", "/volume/v3/volumes", {"volume": {"size": 1}})
    finally:
        host("systemctl", "start", "tenrec-worker")
    assert (verdict["verdict"], verdict["nodes"]) == ("accepted", "not asked: the worker does not answer")
    assert verdict["operations"][0]["changed"] is None
