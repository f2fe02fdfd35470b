"""A second API and worker on the deployed host whose servers are libvirt's test driver's; see remote/stack.py."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.cloud import Cloud, wait
from tests.bench.node import FOLDER, PYTHON, Node

NAME = "bench"
# Room for thousands of ports.
CIDR = "10.64.0.0/16"
FLAVOR = {"name": NAME, "vcpus": 1, "ram": 128, "disk": 1}
UNLIMITED = ("instances", "cores", "ram")


class Stack:
    """The second cloud: `admin` and `member` call it, `order(name)` is the body of a request for a server."""

    def __init__(self, node: Node, root: str):
        self._node = node
        deployed = {name: Cloud.deployed(name) for name in ("tenrec", "tenrec-admin")}
        self.admin = deployed["tenrec-admin"].at(root)
        self.member = deployed["tenrec"].at(root)
        self._lift_quotas()
        flavor = self.admin.post("/compute/v2.1/flavors", {"flavor": FLAVOR})["flavor"]
        self.image_id = self._copy_image(deployed["tenrec"])
        network = self.member.post("/network/v2.0/networks", {"network": {"name": NAME}})["network"]
        self.network_path = f"/network/v2.0/networks/{network['id']}"
        subnet = {"network_id": network["id"], "ip_version": 4, "cidr": CIDR}
        self.member.post("/network/v2.0/subnets", {"subnet": subnet})
        self._server = {"imageRef": self.image_id, "flavorRef": flavor["id"], "networks": [{"uuid": network["id"]}]}
        wait(lambda: self.member.get(self.network_path)["network"]["status"] == "ACTIVE", "the bench's network")

    def order(self, name: str, **more: object) -> dict:
        """The body of a request for a server with one port, or for several with `min_count`."""
        return {"server": {"name": name, **self._server, **more}}

    def work(self) -> None:
        """Start the worker."""
        self._call("work")

    def rest(self) -> None:
        """Stop the worker: what is asked for stays in the queue."""
        self._call("rest")

    def _call(self, verb: str) -> str:
        return self._node.run(PYTHON, f"{FOLDER}/stack.py", verb)

    def _lift_quotas(self) -> None:
        project = self.member.project_id
        wanted = dict.fromkeys(UNLIMITED, -1)
        self.admin.put(f"/compute/v2.1/os-quota-sets/{project}", {"quota_set": wanted})
        self.admin.put(f"/network/v2.0/quotas/{project}", {"quota": {"port": -1}})

    def _copy_image(self, deployed: Cloud) -> str:
        found = deployed.get("/image/v2/images?name=tiny")["images"][0]
        content = deployed.request("GET", f"/image/v2/images/{found['id']}/file").content
        wanted = {"name": NAME, "disk_format": found["disk_format"], "container_format": "bare"}
        image = self.member.post("/image/v2/images", wanted)
        path = f"/image/v2/images/{image['id']}"
        kind = {"Content-Type": "application/octet-stream"}
        self.member.request("PUT", f"{path}/file", content, **kind)
        wait(lambda: self.member.get(path)["status"] == "active", "the bench's image")
        return image["id"]


@contextmanager
def started(node: Node) -> Iterator[Stack]:
    """Have it meanwhile. All of it is removed at the end, whatever happens."""
    try:
        told = json.loads(node.run(PYTHON, f"{FOLDER}/stack.py", "up").splitlines()[-1])
        yield Stack(node, told["root"])
    finally:
        node.run(PYTHON, f"{FOLDER}/stack.py", "down")
