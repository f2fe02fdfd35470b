"""A cloud with one of everything, and a request for every route that changes something."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.image import Image
from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.workflows import discover
from tenrec_api.services import operations

COMPUTE, IDENTITY, IMAGE = "/compute/v2.1", "/identity/v3", "/image/v2"
NETWORK, VOLUME, OPERATIONS = "/network/v2.0", "/volume/v3", "/tenrec/v1"
EXTERNAL = {"provider:network_type": "flat", "provider:physical_network": "external", "router:external": True}
PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Request:
    """A request for the route `rule`; `path` is the rule with ids in it. `caller`: client or admin."""

    method: str
    rule: str
    path: str
    caller: str = "client"
    body: Any = None
    headers: dict = field(default_factory=dict)
    data: bytes | None = None
    # Refused by the real one as well, with this status.
    refused: int | None = None
    # The real one would wait for the worker.
    waits: bool = False

    def __str__(self) -> str:
        what = next(iter(self.body)) if isinstance(self.body, dict) and self.rule.endswith("action") else ""
        return f"{self.method} {self.rule} {what}".strip()


class World:
    """Ids by name."""

    def __init__(self, client, admin, session: Session):
        self._client, self._admin, self._session = client, admin, session
        self.ids: dict[str, str] = {"project": client.project_id, "me": client.user_id, "my token": client.token}
        self._servers()
        self._network()
        self._identity()
        self.settle()
        self._more()

    def make(self, name: str, caller, path: str, key: str | None, body: dict) -> dict:
        """POST and remember the id of what was made."""
        answer = caller.post(path, json={key: body} if key else body)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        made = answer.json[key] if key else answer.json
        self.ids[name] = made.get("id", name)
        return made

    def put(self, path: str, body: dict) -> None:
        """PUT."""
        answer = self._client.put(path, json=body)
        assert answer.status_code < 300, answer.get_data(as_text=True)

    def settle(self) -> None:
        """End all queued operations well, as the worker would."""
        workflows, _ = discover()
        query = select(Operation).where(Operation.status == "queued").order_by(Operation.sequence)
        self._session.expire_all()
        while (operation := self._session.scalars(query).first()) is not None:
            operation.enter("running")
            workflow = workflows[operation.kind]
            if workflow.item(self._session, operation) is not None:
                workflow.succeed(self._session, operation, {"id": operation.resource_id})
            operations.end(self._session, operation, "succeeded")
            self._session.commit()

    def _servers(self) -> None:
        for name in ("flavor", "spare flavor"):
            flavor = {"name": name, "ram": 512, "vcpus": 1, "disk": 2, "os-flavor-access:is_public": name == "flavor"}
            self.make(name, self._admin, f"{COMPUTE}/flavors", "flavor", flavor)
        specs = {"extra_specs": {"hw:key": "value"}}
        self._admin.post(f"{COMPUTE}/flavors/{self.ids['spare flavor']}/os-extra_specs", json=specs)
        for name in ("image", "queued image"):
            body = {"name": name, "disk_format": "qcow2", "container_format": "bare", "tags": ["tag"]}
            self.make(name, self._client, f"{IMAGE}/images", None, body)
        image = self._session.get(Image, self.ids["image"])
        image.status, image.size, image.virtual_size, image.sha512 = "active", 10_000_000, 1024**3, "0" * 128
        self._session.commit()
        self.make("key", self._client, f"{COMPUTE}/os-keypairs", "keypair", {"name": "key"})
        for name in ("volume", "attached volume"):
            self.make(name, self._client, f"{VOLUME}/volumes", "volume", {"size": 1, "name": name})

    def _network(self) -> None:
        for name, caller, more in (
            ("public", self._admin, EXTERNAL),
            ("private", self._client, {}),
            ("empty", self._client, {}),
        ):
            self.make(name, caller, f"{NETWORK}/networks", "network", {"name": name, **more})
        for name, caller, cidr in (("public", self._admin, "203.0.113.0/24"), ("private", self._client, "10.0.0.0/24")):
            subnet = {"network_id": self.ids[name], "cidr": cidr, "ip_version": 4}
            self.make(f"{name} subnet", caller, f"{NETWORK}/subnets", "subnet", subnet)
        subnet = {"network_id": self.ids["empty"], "cidr": "10.9.0.0/24", "ip_version": 4}
        self.make("empty subnet", self._client, f"{NETWORK}/subnets", "subnet", subnet)
        self.make("port", self._client, f"{NETWORK}/ports", "port", {"network_id": self.ids["private"]})
        gateway = {"external_gateway_info": {"network_id": self.ids["public"]}}
        for name in ("router", "spare router"):
            self.make(name, self._client, f"{NETWORK}/routers", "router", {"name": name, **gateway})
        interface = {"subnet_id": self.ids["private subnet"]}
        self.put(f"{NETWORK}/routers/{self.ids['router']}/add_router_interface", interface)
        group = self.make("group", self._client, f"{NETWORK}/security-groups", "security_group", {"name": "group"})
        self.ids["rule"] = group["security_group_rules"][0]["id"]
        floating = {"floating_network_id": self.ids["public"], "port_id": self.ids["port"]}
        self.make("floating", self._client, f"{NETWORK}/floatingips", "floatingip", floating)
        self.put(f"{NETWORK}/networks/{self.ids['private']}/tags", {"tags": ["tag"]})

    def _identity(self) -> None:
        root = IDENTITY
        self.make("domain", self._admin, f"{root}/domains", "domain", {"name": "spare", "enabled": False})
        self.make("spare project", self._admin, f"{root}/projects", "project", {"name": "spare"})
        self.make("user", self._admin, f"{root}/users", "user", {"name": "spare", "password": "a password"})
        self.make("role", self._admin, f"{root}/roles", "role", {"name": "spare"})
        self.make("region", self._admin, f"{root}/regions", "region", {"id": "spare"})
        self.make("service", self._admin, f"{root}/services", "service", {"type": "spare"})
        endpoint = {"service_id": self.ids["service"], "interface": "public", "url": "https://spare.test"}
        self.make("endpoint", self._admin, f"{root}/endpoints", "endpoint", endpoint)
        for where in (f"projects/{self.ids['project']}", f"domains/{self.ids['domain']}", "system"):
            self._admin.put(f"{root}/{where}/users/{self.ids['user']}/roles/{self.ids['role']}")
        quotas = ((COMPUTE, "os-quota-sets", "quota_set", "instances"), (NETWORK, "quotas", "quota", "port"))
        for api, path, key, name in (*quotas, (VOLUME, "os-quota-sets", "quota_set", "volumes")):
            self._admin.put(f"{api}/{path}/{self.ids['project']}", json={key: {name: 50}})

    def _more(self) -> None:
        server = {
            "name": "web",
            "imageRef": self.ids["image"],
            "flavorRef": self.ids["flavor"],
            "networks": [{"uuid": self.ids["private"]}],
            "metadata": {"key": "value"},
        }
        for name in ("server", "stopped server"):
            self.make(name, self._client, f"{COMPUTE}/servers", "server", server)
        self.settle()
        path = f"{COMPUTE}/servers/{self.ids['server']}"
        answer = self._client.post(
            f"{path}/os-volume_attachments", json={"volumeAttachment": {"volumeId": self.ids["attached volume"]}}
        )
        assert answer.status_code == 200, answer.json
        self._client.post(f"{path}/action", json={"addSecurityGroup": {"name": "group"}})
        self._client.post(f"{COMPUTE}/servers/{self.ids['stopped server']}/action", json={"os-stop": None})
        self.settle()
        # Where servers may be moved, and which can be removed as long as none was.
        spare = ComputeNode(name="node2", vcpus=4, memory_mib=8192, disk_gib=100)
        self._session.add(spare)
        self._session.flush()
        self.ids["spare node"] = str(spare.number)
        # One that failed, to be tried again, and one that waits, to be cancelled.
        self.make("queued volume", self._client, f"{VOLUME}/volumes", "volume", {"size": 1})
        ids = list(self._session.scalars(select(Operation).order_by(Operation.sequence)))
        self.ids["queued operation"] = ids[-1].id
        failed = next(each for each in ids if each.kind == "network_apply")
        failed.status = "failed"
        self.ids["failed operation"] = failed.id
        self._session.commit()


def requests(ids: dict[str, str]) -> Iterator[Request]:
    """One request at least for every route that changes something."""
    for part in (_compute, _servers, _identity, _image, _network, _volume):
        yield from part(ids)


def _compute(ids: dict[str, str]) -> Iterator[Request]:
    flavors, spare = f"{COMPUTE}/flavors", f"{COMPUTE}/flavors/{ids['spare flavor']}"
    rule = f"{flavors}/<flavor_id>"
    body = {"flavor": {"name": "new", "ram": 64, "vcpus": 1, "disk": 1}}
    yield Request("POST", flavors, flavors, "admin", body)
    yield Request("DELETE", rule, spare, "admin")
    yield Request("POST", f"{rule}/action", f"{spare}/action", "admin", {"addTenantAccess": {"tenant": ids["project"]}})
    yield Request("POST", f"{rule}/os-extra_specs", f"{spare}/os-extra_specs", "admin", {"extra_specs": {"a": "b"}})
    yield Request("PUT", f"{rule}/os-extra_specs/<key>", f"{spare}/os-extra_specs/hw:key", "admin", {"hw:key": "other"})
    yield Request("DELETE", f"{rule}/os-extra_specs/<key>", f"{spare}/os-extra_specs/hw:key", "admin")
    keys = f"{COMPUTE}/os-keypairs"
    yield Request("POST", keys, keys, body={"keypair": {"name": "new"}})
    yield Request("DELETE", f"{keys}/<name>", f"{keys}/key")
    quotas = f"{COMPUTE}/os-quota-sets"
    yield Request(
        "PUT", f"{quotas}/<project_id>", f"{quotas}/{ids['project']}", "admin", {"quota_set": {"instances": 3}}
    )
    yield Request("DELETE", f"{quotas}/<project_id>", f"{quotas}/{ids['project']}", "admin")
    groups = f"{COMPUTE}/os-server-groups"
    yield Request("POST", groups, groups, body={"server_group": {"name": "g"}}, refused=403)
    yield Request("DELETE", f"{groups}/<group_id>", f"{groups}/none", refused=404)
    services = f"{COMPUTE}/os-services"
    yield Request(
        "PUT", f"{services}/<verb_or_id>", f"{services}/disable", "admin", {"host": "node1", "binary": "nova-compute"}
    )
    yield Request("DELETE", f"{services}/<verb_or_id>", f"{services}/{ids['spare node']}", "admin")


def _servers(ids: dict[str, str]) -> Iterator[Request]:
    servers = f"{COMPUTE}/servers"
    rule, path = f"{servers}/<server_id>", f"{servers}/{ids['server']}"
    stopped = f"{servers}/{ids['stopped server']}"
    server = {
        "name": "new",
        "imageRef": ids["image"],
        "flavorRef": ids["flavor"],
        "networks": [{"uuid": ids["private"]}],
    }
    yield Request("POST", servers, servers, body={"server": server})
    yield Request("PUT", rule, path, body={"server": {"name": "other"}})
    yield Request("DELETE", rule, path)
    for action in (
        {"os-stop": None},
        {"reboot": {"type": "HARD"}},
        {"forceDelete": None},
        {"lock": None},
        {"addSecurityGroup": {"name": "default"}},
        {"removeSecurityGroup": {"name": "group"}},
    ):
        yield Request("POST", f"{rule}/action", f"{path}/action", body=action)
    yield Request("POST", f"{rule}/action", f"{stopped}/action", body={"os-start": None})
    migrate = {"migrate": {"host": "node2"}}
    yield Request("POST", f"{rule}/action", f"{stopped}/action", "admin", body=migrate)
    yield Request("POST", f"{rule}/action", f"{path}/action", body={"os-getConsoleOutput": {}}, waits=True)
    yield Request("POST", f"{rule}/metadata", f"{path}/metadata", body={"metadata": {"a": "b"}})
    yield Request("PUT", f"{rule}/metadata", f"{path}/metadata", body={"metadata": {"a": "b"}})
    yield Request("PUT", f"{rule}/metadata/<key>", f"{path}/metadata/key", body={"meta": {"key": "b"}})
    yield Request("DELETE", f"{rule}/metadata/<key>", f"{path}/metadata/key")
    attachments = "os-volume_attachments"
    body = {"volumeAttachment": {"volumeId": ids["volume"]}}
    yield Request("POST", f"{rule}/{attachments}", f"{path}/{attachments}", body=body)
    yield Request("DELETE", f"{rule}/{attachments}/<volume_id>", f"{path}/{attachments}/{ids['attached volume']}")


def _identity(ids: dict[str, str]) -> Iterator[Request]:
    tokens = f"{IDENTITY}/auth/tokens"
    auth = {"identity": {"methods": ["token"], "token": {"id": ids["my token"]}}}
    yield Request("POST", tokens, tokens, body={"auth": auth})
    yield Request("DELETE", tokens, tokens, headers={"X-Subject-Token": ids["my token"]})
    bodies = {
        "domain": {"name": "new"},
        "project": {"name": "new"},
        "user": {"name": "new", "password": "a password"},
        "role": {"name": "new"},
        "region": {"id": "new"},
        "service": {"type": "new"},
        "endpoint": {"service_id": ids["service"], "interface": "admin", "url": "https://new.test"},
    }
    for noun, body in bodies.items():
        path = f"{IDENTITY}/{noun}s"
        known = ids["spare project" if noun == "project" else noun]
        change = {"url": "https://other.test"} if noun == "endpoint" else {"description": "other"}
        yield Request("POST", path, path, "admin", {noun: body})
        yield Request("PATCH", f"{path}/<record_id>", f"{path}/{known}", "admin", {noun: change})
        yield Request("DELETE", f"{path}/<record_id>", f"{path}/{known}", "admin")
    for rule, target in (
        ("projects/<target_id>", f"projects/{ids['project']}"),
        ("domains/<target_id>", f"domains/{ids['domain']}"),
        ("system", "system"),
    ):
        rule, target = (f"{IDENTITY}/{each}/users" for each in (rule, target))
        grant = f"{rule}/<user_id>/roles/<role_id>"
        yield Request("PUT", grant, f"{target}/{ids['me']}/roles/{ids['role']}", "admin")
        yield Request("DELETE", grant, f"{target}/{ids['user']}/roles/{ids['role']}", "admin")
    change = {"user": {"original_password": "member password", "password": "another password"}}
    users = f"{IDENTITY}/users"
    yield Request("POST", f"{users}/<user_id>/password", f"{users}/{ids['me']}/password", body=change)


def _image(ids: dict[str, str]) -> Iterator[Request]:
    images = f"{IMAGE}/images"
    rule, path = f"{images}/<image_id>", f"{images}/{ids['image']}"
    yield Request("POST", images, images, body={"name": "new"})
    patch = b'[{"op": "replace", "path": "/name", "value": "other"}]'
    yield Request("PATCH", rule, path, headers=PATCH, data=patch)
    yield Request("DELETE", rule, path)
    yield Request("PUT", f"{rule}/tags/<tag>", f"{path}/tags/new")
    yield Request("DELETE", f"{rule}/tags/<tag>", f"{path}/tags/tag")
    file = f"{images}/{ids['queued image']}/file"
    yield Request("PUT", f"{rule}/file", file, headers=OCTETS, data=b"data", waits=True)


def _network(ids: dict[str, str]) -> Iterator[Request]:
    tagged, tags = f"{NETWORK}/<collection>/<resource_id>/tags", f"{NETWORK}/networks/{ids['private']}/tags"
    yield Request("PUT", tagged, tags, body={"tags": ["new"]})
    yield Request("DELETE", tagged, tags)
    yield Request("PUT", f"{tagged}/<tag>", f"{tags}/new")
    yield Request("DELETE", f"{tagged}/<tag>", f"{tags}/tag")
    creations = {
        "floatingip": {"floating_network_id": ids["public"]},
        "network": {"name": "new"},
        "port": {"network_id": ids["private"]},
        "router": {"name": "new"},
        "security_group": {"name": "new"},
        "subnet": {"network_id": ids["empty"], "cidr": "10.1.0.0/24", "ip_version": 4},
    }
    changes = {
        "floatingip": ("floating_ip_id", ids["floating"], {"port_id": None}),
        "network": ("network_id", ids["empty"], {"name": "other"}),
        "port": ("port_id", ids["port"], {"name": "other"}),
        "router": ("router_id", ids["spare router"], {"external_gateway_info": None}),
        "security_group": ("security_group_id", ids["group"], {"name": "other"}),
        "subnet": ("subnet_id", ids["empty subnet"], {"dns_nameservers": ["192.0.2.53"]}),
    }
    for noun, body in creations.items():
        path = f"{NETWORK}/{noun.replace('_', '-')}s"
        argument, known, change = changes[noun]
        yield Request("POST", path, path, body={noun: body})
        yield Request("PUT", f"{path}/<{argument}>", f"{path}/{known}", body={noun: change})
        if noun == "security_group":
            # It has a port, and says so.
            yield Request("DELETE", f"{path}/<{argument}>", f"{path}/{known}", refused=409)
        else:
            yield Request("DELETE", f"{path}/<{argument}>", f"{path}/{known}")
    rules = f"{NETWORK}/security-group-rules"
    rule = {"security_group_id": ids["group"], "direction": "ingress", "protocol": "tcp", "port_range_min": 22}
    yield Request("POST", rules, rules, body={"security_group_rule": {**rule, "port_range_max": 22}})
    yield Request("DELETE", f"{rules}/<rule_id>", f"{rules}/{ids['rule']}")
    routers, interface = f"{NETWORK}/routers", {"subnet_id": ids["empty subnet"]}
    for verb, router, subnet in (("add", "spare router", "empty subnet"), ("remove", "router", "private subnet")):
        # The floating IP needs the interface that is to be removed.
        refused = 409 if verb == "remove" else None
        interface = {"subnet_id": ids[subnet]}
        name = f"{verb}_router_interface"
        yield Request(
            "PUT", f"{routers}/<router_id>/{name}", f"{routers}/{ids[router]}/{name}", body=interface, refused=refused
        )
    quotas = f"{NETWORK}/quotas"
    yield Request("PUT", f"{quotas}/<project_id>", f"{quotas}/{ids['project']}", "admin", {"quota": {"port": 5}})
    yield Request("DELETE", f"{quotas}/<project_id>", f"{quotas}/{ids['project']}", "admin")


def _volume(ids: dict[str, str]) -> Iterator[Request]:
    volumes = f"{VOLUME}/volumes"
    rule, path = f"{volumes}/<volume_id>", f"{volumes}/{ids['volume']}"
    yield Request("POST", volumes, volumes, body={"volume": {"size": 1}})
    yield Request("PUT", rule, path, body={"volume": {"name": "other"}})
    yield Request("DELETE", rule, path)
    yield Request("POST", f"{rule}/action", f"{path}/action", body={"os-set_bootable": {"bootable": True}})
    quotas = f"{VOLUME}/os-quota-sets"
    yield Request("PUT", f"{quotas}/<project_id>", f"{quotas}/{ids['project']}", "admin", {"quota_set": {"volumes": 5}})
    yield Request("DELETE", f"{quotas}/<project_id>", f"{quotas}/{ids['project']}", "admin")
    yield Request("POST", f"{OPERATIONS}/reconcile", f"{OPERATIONS}/reconcile", "admin", {"repair": True})
    rule = f"{OPERATIONS}/operations/<operation_id>"
    for verb, known in (("cancel", "queued operation"), ("retry", "failed operation")):
        yield Request("POST", f"{rule}/{verb}", f"{OPERATIONS}/operations/{ids[known]}/{verb}", "admin")
