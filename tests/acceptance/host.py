"""What a host holds, read from the engines themselves and not from the API."""

import json
import time
from collections.abc import Callable
from typing import Any

from launcher import ssh
from launcher.commands import run
from launcher.nodes import Node

NORTHBOUND_TABLES = (
    "Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Logical_Router_Port", "Port_Group", "ACL", "NAT",
    "DHCP_Options", "Logical_Router_Static_Route", "HA_Chassis_Group", "Gateway_Chassis", "Address_Set",
)  # fmt: skip
FOLDERS = ("servers", "volumes", "images")


class Host:
    """A node, asked over SSH."""

    def __init__(self, node: Node):
        self._address = node.address

    def __call__(self, *command: str, check: bool = True) -> str:
        """Run `command` there as root and return what it printed."""
        return run(ssh.command(self._address, list(command)), check=check).stdout

    def domains(self) -> set[str]:
        """Names of all libvirt domains, running or not."""
        return set(self("virsh", "-q", "list", "--all", "--name").split())

    def northbound(self, table: str) -> set[str]:
        """UUIDs of the rows of a table of the northbound database."""
        return set(self("ovn-nbctl", "--bare", "--no-headings", "--columns=_uuid", "list", table).split())

    def files(self, folder: str) -> set[str]:
        """Names in ``/var/lib/tenrec/<folder>``."""
        return set(self("ls", "-A", f"/var/lib/tenrec/{folder}").split())

    def targets(self) -> set[str]:
        """Names of the exported iSCSI targets."""
        shown = self("tgtadm", "--lld", "iscsi", "--mode", "target", "--op", "show")
        return {line.split()[2] for line in shown.splitlines() if line.startswith("Target ")}

    def secrets(self) -> set[str]:
        """UUIDs of libvirt's secrets."""
        return {line.split()[0] for line in self("virsh", "-q", "secret-list").splitlines() if line.strip()}

    def interfaces(self) -> set[str]:
        """Ports of the integration bridge that stand for guests' interfaces."""
        return {port for port in self("ovs-vsctl", "list-ports", "br-int").split() if port.startswith(("vnet", "tap"))}

    def sql(self, query: str) -> str:
        """The answer of the cloud's database to `query`, tab-separated and without headings."""
        return self("mariadb", "--batch", "--skip-column-names", "tenrec", "-e", _quoted(query)).strip()

    def idle(self) -> bool:
        """Whether the worker has nothing left to do."""
        return self.sql("SELECT COUNT(*) FROM operations WHERE status IN ('queued', 'running')") == "0"

    def holdings(self) -> dict[str, Any]:
        """Everything that a project's resources leave on the host, for a comparison before and after."""
        found: dict[str, Any] = {table: self.northbound(table) for table in NORTHBOUND_TABLES}
        found |= {f"files in {folder}": self.files(folder) for folder in FOLDERS}
        found |= {
            "domains": self.domains(),
            "iSCSI targets": self.targets(),
            "target configuration": set(self("ls", "-A", "/etc/tgt/conf.d").split()),
            "libvirt secrets": self.secrets(),
            "interfaces": self.interfaces(),
            "claims": self.sql(
                "SELECT COALESCE(SUM(vcpus), 0), COALESCE(SUM(memory_mib), 0), COALESCE(SUM(disk_gib), 0) "
                "FROM servers WHERE node_id IS NOT NULL AND deleted_at IS NULL"
            ),
            "addresses": self.sql("SELECT COUNT(*) FROM ports"),
        }
        return found


def _quoted(text: str) -> str:
    """One word for the remote shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What one look at a host has and the other has not; empty when they are equal."""
    return {
        what: {"before": _listed(before[what]), "after": _listed(after[what])}
        for what in before
        if before[what] != after[what]
    }


def _listed(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else value


def wait_until(question: Callable[[], Any], what: str, seconds: float = 120, pause: float = 1.0) -> Any:
    """Ask until the answer is true and return it; AssertionError names `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds:g} s; last answer: {json.dumps(answer)}"
        time.sleep(pause)
