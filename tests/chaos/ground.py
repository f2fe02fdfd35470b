"""What the bursts stand on: a member of a project of its own, with a network, a router and a flavor."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from launcher.paths import CLOUDS
from tests.bench.cloud import Cloud, wait

NAME = "chaos"
PATHS = {
    "server": "/compute/v2.1/servers",
    "volume": "/volume/v3/volumes",
    "port": "/network/v2.0/ports",
    "floatingip": "/network/v2.0/floatingips",
}
DELETE_SECONDS = 180


@dataclass
class Ground:
    """The callers, and the ids of what the bursts need."""

    admin: Cloud
    member: Cloud
    network_id: str = ""
    external_id: str = ""
    image_id: str = ""
    flavor_id: str = ""
    anchors: list[str] = field(default_factory=list)

    def body(self, noun: str, name: str) -> dict:
        """The body of a request for a new `noun`."""
        bodies = {
            "server": {
                "imageRef": self.image_id,
                "flavorRef": self.flavor_id,
                "networks": [{"uuid": self.network_id}],
            },
            "volume": {"size": 1},
            "port": {"network_id": self.network_id},
            "floatingip": {"floating_network_id": self.external_id, "description": name},
        }
        return {noun: bodies[noun] | ({} if noun == "floatingip" else {"name": name})}

    def all(self, noun: str) -> list[dict]:
        """All of the project's of that noun, but for the network's own and the anchors."""
        path = PATHS[noun] + ("/detail" if noun in ("server", "volume") else "")
        found = self.member.get(path)[f"{noun}s"]
        return [each for each in found if each["id"] not in self.anchors and not each.get("device_owner")]

    def clear(self, spared: set[str] = frozenset()) -> None:
        """Delete everything that bursts have made, but for what is `spared`, and wait until it is gone."""
        nouns = ("floatingip", "server", "port", "volume")
        for noun in nouns:
            for each in self.all(noun):
                if each["id"] not in spared:
                    self.member.delete(f"{PATHS[noun]}/{each['id']}")

        def gone() -> bool:
            return not {each["id"] for noun in nouns for each in self.all(noun)} - spared

        wait(gone, "the end of all that the burst made", DELETE_SECONDS, 0.3)


@contextmanager
def made() -> Iterator[Ground]:
    """Make it; everything is gone at the end."""
    admin = Cloud.deployed("tenrec-admin")
    password = secrets.token_hex(16)
    project_id = admin.post("/identity/v3/projects", {"project": {"name": NAME}})["project"]["id"]
    user = {"name": NAME, "password": password, "default_project_id": project_id}
    user_id = admin.post("/identity/v3/users", {"user": user})["user"]["id"]
    (role,) = admin.get("/identity/v3/roles?name=member")["roles"]
    admin.request("PUT", f"/identity/v3/projects/{project_id}/users/{user_id}/roles/{role['id']}")
    flavor = {"name": NAME, "ram": 128, "vcpus": 1, "disk": 1}
    flavor_id = admin.post("/compute/v2.1/flavors", {"flavor": flavor})["flavor"]["id"]
    root = json.loads(CLOUDS.read_text())["clouds"]["tenrec"]["auth"]["auth_url"].partition("/identity")[0]
    ground = Ground(admin, admin.at(root, username=NAME, password=password, project_name=NAME), flavor_id=flavor_id)
    try:
        _lay(ground)
        yield ground
    finally:
        _clear_away(ground)
        admin.delete(f"/compute/v2.1/flavors/{flavor_id}")
        admin.delete(f"/identity/v3/users/{user_id}")
        admin.delete(f"/identity/v3/projects/{project_id}")


def _lay(ground: Ground) -> None:
    member = ground.member
    ground.image_id = next(each["id"] for each in member.get("/image/v2/images")["images"] if each["name"] == "tiny")
    networks = member.get("/network/v2.0/networks?router:external=true")["networks"]
    ground.external_id = networks[0]["id"]
    network = member.post("/network/v2.0/networks", {"network": {"name": NAME}})["network"]
    ground.network_id = network["id"]
    subnet = {"network_id": network["id"], "ip_version": 4, "cidr": "10.66.0.0/24", "name": NAME}
    subnet_id = member.post("/network/v2.0/subnets", {"subnet": subnet})["subnet"]["id"]
    gateway = {"name": NAME, "external_gateway_info": {"network_id": ground.external_id}}
    router_id = member.post("/network/v2.0/routers", {"router": gateway})["router"]["id"]
    member.put(f"/network/v2.0/routers/{router_id}/add_router_interface", {"subnet_id": subnet_id})
    for number in range(2):
        port = member.post(PATHS["port"], ground.body("port", f"anchor-{number}"))["port"]
        ground.anchors.append(port["id"])


def _clear_away(ground: Ground) -> None:
    member = ground.member
    ground.clear()
    for port_id in ground.anchors:
        member.delete(f"{PATHS['port']}/{port_id}")
    subnets = [each["id"] for each in member.get("/network/v2.0/subnets?name=" + NAME)["subnets"]]
    for router in member.get("/network/v2.0/routers?name=" + NAME)["routers"]:
        for subnet_id in subnets:
            path = f"/network/v2.0/routers/{router['id']}/remove_router_interface"
            member.put(path, {"subnet_id": subnet_id})
        member.delete(f"/network/v2.0/routers/{router['id']}")
    if ground.network_id:
        member.delete(f"/network/v2.0/networks/{ground.network_id}")
    for group in member.get("/network/v2.0/security-groups")["security_groups"]:
        ground.admin.delete(f"/network/v2.0/security-groups/{group['id']}")
