"""What the tests of whole clouds share: the hosts by group, the cloud's API, and the first servers on it."""

import ipaddress
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import pytest
import yaml
from openstack.connection import Connection
from openstack.exceptions import SDKException
from testinfra.host import Host
from testinfra.utils.ansible_runner import AnsibleRunner

from launcher import clouds
from launcher.story.cloud import Story


class Hosts:
    """The scenario's hosts."""

    def __init__(self, inventory: str) -> None:
        self._runner = AnsibleRunner(inventory)

    def names(self, group: str) -> list[str]:
        """Those of a group, or of `all`."""
        return self._runner.get_hosts(group)

    def address(self, name: str) -> str:
        """On the management network."""
        return self._runner.get_variables(name)["ansible_host"]

    def host(self, name: str) -> Host:
        """A host, to run commands on."""
        return self._runner.get_host(name)

    def first(self, group: str) -> Host:
        """The first of a group."""
        return self.host(self.names(group)[0])


@dataclass
class Servers:
    """The first servers, one for each compute node, and the volume of the first one.

    :ivar addresses: floating IPs, by server name
    """

    story: Story
    all: list[Any]
    volume: Any
    addresses: dict[str, str]

    @property
    def first(self) -> Any:
        """The one with the volume."""
        return self.all[0]


@pytest.fixture(scope="session")
def hosts() -> Hosts:
    """The scenario's hosts, by group."""
    return Hosts(os.environ["MOLECULE_INVENTORY_FILE"])


@pytest.fixture(scope="session")
def external() -> ipaddress.IPv4Network:
    """The network of floating IPs, which the machine's own shell reaches."""
    platforms = yaml.safe_load(Path(os.environ["MOLECULE_FILE"]).read_text())["platforms"]
    return ipaddress.ip_network(next(each["external"] for each in platforms if "external" in each))


@pytest.fixture(scope="session")
def entries(hosts: Hosts) -> dict[str, dict]:
    """How clients reach the cloud, by the name of the user: `tenrec` or `tenrec-admin`."""
    credentials = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "credentials"
    return clouds.entries(hosts.address(hosts.names("controller")[0]), credentials, credentials / "tls/ca.pem")


@pytest.fixture(scope="session")
def member(entries: dict[str, dict]) -> Iterator[Connection]:
    """A member of the project `demo`."""
    with openstack.connect(load_yaml_config=False, load_envvars=False, **entries["tenrec"]) as connection:
        yield connection


@pytest.fixture(scope="session")
def admin(entries: dict[str, dict]) -> Iterator[Connection]:
    """The administrator."""
    with openstack.connect(load_yaml_config=False, load_envvars=False, **entries["tenrec-admin"]) as connection:
        yield connection


@pytest.fixture(scope="session")
def servers(hosts: Hosts, member: Connection, admin: Connection, external: ipaddress.IPv4Network) -> Servers:
    """The servers `first`, `second` … with their floating IPs. When one does not come up, its console tells why."""
    story = Story(member, admin, external)
    names = [name for name, _ in zip(("first", "second", "third"), hosts.names("compute"), strict=False)]
    try:
        story.prepare()
        made = [story.start_server(name) for name in names]
        volume = story.attach_volume(made[0])
        return Servers(story, made, volume, {server.name: story.associate_address(server) for server in made})
    except SDKException:
        for name in names:
            story.explain(name, sys.stderr)
        raise
