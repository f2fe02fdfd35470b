"""The clouds that the launcher makes, and where each one's files lie."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from launcher import network
from launcher.errors import LauncherError
from launcher.paths import CLOUDS, HOSTS, REPOSITORY, SSH, STATE

GROUPS = ("controller", "network", "compute", "storage")


@dataclass(frozen=True)
class Host:
    """One host of an inventory: its name, its address on the management network, its groups."""

    name: str
    address: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Deployment:
    """A cloud: the inventory of that name, the network of its floating IPs, the files that clients need.

    :ivar guests: the file by which ssh knows its servers by name
    """

    name: str
    external: ipaddress.IPv4Network
    servers: tuple[str, ...]
    clouds: Path
    hosts_file: Path
    authority: Path
    report: Path
    guests: Path

    @property
    def inventory(self) -> Path:
        """Its folder below `inventories/`."""
        return REPOSITORY / "inventories" / self.name

    @property
    def credentials(self) -> Path:
        """The passwords that its first deployment made."""
        return STATE / "credentials" / self.name

    def hosts(self) -> list[Host]:
        """Its hosts, the first controller first.

        :raises LauncherError: when the inventory has a group without a host
        """
        if self is ALLINONE:
            return [Host("allinone", str(network.GATEWAY_NODE_ADDRESS), GROUPS)]
        return read_hosts(self.inventory / "hosts.ini")

    def gateway(self) -> Host:
        """The host that leads to its external network."""
        return next(host for host in self.hosts() if "network" in host.groups)


def read_hosts(path: Path) -> list[Host]:
    """The hosts of an Ansible inventory in INI form, as far as the launcher's need it: groups, names, `ansible_host`.

    :raises LauncherError: for a host without address, or a group without host
    """
    addresses: dict[str, str] = {}
    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    section = ""
    for line in path.read_text().splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0].startswith("["):
            section = words[0].strip("[]")
            if section not in groups:
                raise LauncherError(f"{path}: there is no group {section!r}", f"the groups are {', '.join(GROUPS)}")
            continue
        name, *settings = words
        values = dict(setting.split("=", 1) for setting in settings if "=" in setting)
        addresses[name] = values.get("ansible_host", addresses.get(name, ""))
        groups.setdefault(section, []).append(name)
    empty = [group for group in GROUPS if not groups[group]]
    if empty:
        raise LauncherError(f"{path}: no host in {', '.join(empty)}", "each of the four groups needs a host")
    without = [name for name, address in addresses.items() if not address]
    if without:
        raise LauncherError(f"{path}: {', '.join(without)} has no address", "write ansible_host=ADDRESS behind it")
    found = [Host(name, addresses[name], tuple(g for g in GROUPS if name in groups[g])) for name in addresses]
    return sorted(found, key=lambda host: host.name != groups["controller"][0])


ALLINONE = Deployment(
    name="allinone",
    external=network.EXTERNAL,
    servers=("first",),
    clouds=CLOUDS,
    hosts_file=HOSTS,
    authority=STATE / "ca.pem",
    report=STATE / "first-server.json",
    guests=SSH / "config",
)
LAB_FOLDER = STATE / "lab"
LAB = Deployment(
    name="lab",
    external=network.LAB_EXTERNAL,
    servers=("first", "second"),
    clouds=LAB_FOLDER / "clouds.yaml",
    hosts_file=LAB_FOLDER / "hosts.yml",
    authority=LAB_FOLDER / "ca.pem",
    report=LAB_FOLDER / "servers.json",
    guests=LAB_FOLDER / "ssh-config",
)
EVERY = {deployment.name: deployment for deployment in (ALLINONE, LAB)}
