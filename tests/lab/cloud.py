"""The deployed lab, and what is not as its users have a right to expect."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException
from openstack.config import OpenStackConfig
from openstack.exceptions import SDKException

from launcher.commands import run
from launcher.deployments import LAB
from launcher.story import reach

# A request that takes longer than this counts as unanswered.
API_SECONDS = 20
PREFIX = "fault-"


class Lab:
    """The cloud of `./tenrec lab up`, with the servers and the volume that it began with."""

    def __init__(self) -> None:
        config = OpenStackConfig(config_files=[str(LAB.clouds)])
        self.member, self.admin = (
            openstack.connection.Connection(config=config.get_one(cloud, api_timeout=API_SECONDS))
            for cloud in ("tenrec", "tenrec-admin")
        )
        self.addresses: dict[str, str] = json.loads(LAB.report.read_text())["servers"]

    def complaints(self) -> list[str]:
        """What is not true at the moment; empty when all is well."""
        try:
            return [*self._of_rows(), *self._of_guests()]
        except (SDKException, ClientException, OSError) as error:
            return [f"the API does not answer: {error}"]

    def hosts_down(self) -> set[str]:
        """Compute nodes that are shown as down."""
        return {each.host for each in self.admin.compute.services(binary="nova-compute") if each.state != "up"}

    def id_of(self, name: str) -> str:
        """The id of a server of the beginning."""
        return self.member.compute.find_server(name, ignore_missing=False).id

    def host_of(self, server_id: str) -> str | None:
        """The compute node of a server, as the administrator sees it."""
        return self.admin.compute.get_server(server_id).compute_host

    def in_guest(self, name: str, command: str) -> str:
        """What a command prints in a server of the beginning; nothing when nobody is let in."""
        return run(["timeout", "10", *reach.shell(self.addresses[name]), command], check=False).stdout.strip()

    def fixed_address(self, name: str) -> str:
        """The address of a server of the beginning on its own network."""
        return next(iter(self.member.network.ports(device_id=self.id_of(name)))).fixed_ips[0]["ip_address"]

    def ask_for_server(self, name: str) -> Any:
        """Ask for one more small server beside those of the beginning, and do not wait for it."""
        model = self.member.compute.get_server(self.member.compute.find_server("first", ignore_missing=False))
        network = self.member.network.find_network("demo", ignore_missing=False)
        return self.member.compute.create_server(
            name=f"{PREFIX}{name}", image_id=model.image.id,
            flavor_id=self.member.compute.find_flavor("tiny", ignore_missing=False).id, networks=[{"uuid": network.id}],
        )  # fmt: skip

    def ask_for_volume(self, name: str) -> Any:
        """Ask for one more volume, and do not wait for it."""
        return self.member.block_storage.create_volume(name=f"{PREFIX}{name}", size=1)

    def failed_repairs(self, name: str) -> list[dict]:
        """The failed operations in which the cloud tried to set a server of the beginning right."""
        root = self.admin.config.get_auth_args()["auth_url"].partition("/identity")[0]
        query = f"resource_id={self.id_of(name)}&status=failed"
        found = self.admin.session.get(f"{root}/tenrec/v1/operations?{query}").json()["operations"]
        return [each for each in found if each["kind"] == "server_create"]

    def remove_what_was_asked_for(self) -> None:
        """Delete the servers and volumes that the tests asked for, and wait until they are gone."""
        for server in self._asked(self.member.compute.servers()):
            self.member.compute.delete_server(server)
        for volume in self._asked(self.member.block_storage.volumes()):
            self.member.block_storage.delete_volume(volume)
        deadline = time.monotonic() + 120
        while [*self._asked(self.member.compute.servers()), *self._asked(self.member.block_storage.volumes())]:
            assert time.monotonic() < deadline, "what the tests asked for cannot be deleted"
            time.sleep(1)

    def _asked(self, resources: Any) -> list[Any]:
        return [each for each in resources if each.name.startswith(PREFIX)]

    def _of_rows(self) -> Iterator[str]:
        for server in self.member.compute.servers():
            if server.status != "ACTIVE" or server.task_state:
                yield f"server {server.name} is {server.status} ({server.task_state})"
        for volume in self.member.block_storage.volumes():
            if volume.status not in ("available", "in-use"):
                yield f"volume {volume.name} is {volume.status}"
        for host in self.hosts_down():
            yield f"{host} is shown as down"

    def _of_guests(self) -> Iterator[str]:
        for name, address in self.addresses.items():
            if run(["ping", "-n", "-c", "1", "-W", "1", address], check=False).returncode:
                yield f"{name} does not answer ping at {address}"
                return
            if self.in_guest(name, "hostname") != name:
                yield f"{name} lets nobody in"
                return
        # A word of its own each time: what a guest still has in memory cannot pass for what the volume holds.
        word = f"written-{time.monotonic_ns()}"
        wrote = f"echo {word} | sudo tee /dev/vdb > /dev/null && sync && sudo head -c {len(word)} /dev/vdb"
        if self.in_guest("first", wrote) != word:
            yield "the volume cannot be written"
        ping = f"sudo ping -c 1 -W 2 {self.fixed_address('second')} > /dev/null && echo answered"
        if self.in_guest("first", ping) != "answered":
            yield "first does not reach second"
