"""A northbound and a southbound database, and ovn-northd, that belong to one test run and hear only Unix sockets."""

import json
import shutil
import subprocess
import time
from pathlib import Path

PACKAGES = {
    "ovsdb-server": "openvswitch-common",
    "ovsdb-tool": "openvswitch-common",
    "ovn-northd": "ovn-central",
    "ovn-nb.ovsschema": "ovn-central",
    "ovn-sb.ovsschema": "ovn-central",
    "ovn-controller": "ovn-host",
    "ovs-vswitchd": "openvswitch-switch",
    "ovs-vsctl": "openvswitch-switch",
    "vswitch.ovsschema": "openvswitch-switch",
}
"""Where Debian keeps what is needed. Installing ovn-central would start a cloud's databases; unpacking does not."""
INSTALLED = ("/usr/bin", "/usr/sbin", "/usr/lib/openvswitch-switch", "/usr/share/ovn", "/usr/share/openvswitch")
STARTED_WITHIN_SECONDS = 10


class Programs:
    """Finds the programs and schemas of OVN: installed, or unpacked from Debian's packages into `folder`."""

    def __init__(self, folder: Path):
        self._folder = folder

    def path(self, name: str) -> str:
        """The path of one of `PACKAGES`. An AssertionError says why apt cannot fetch its package."""
        found = self._installed(name) or self._unpacked(name)
        if found is None:
            self._unpack(PACKAGES[name])
            found = self._unpacked(name)
        assert found is not None, f"{PACKAGES[name]} holds no {name}"
        return str(found)

    def _installed(self, name: str) -> Path | None:
        return next((path for folder in INSTALLED if (path := Path(folder) / name).is_file()), None)

    def _unpacked(self, name: str) -> Path | None:
        return next((path for path in sorted(self._folder.glob(f"root/usr/**/{name}")) if path.is_file()), None)

    def _unpack(self, package: str) -> None:
        folder = self._folder / package
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fetched = subprocess.run(
            ["apt-get", "download", "-q", package], cwd=folder, capture_output=True, text=True, check=False
        )
        assert fetched.returncode == 0, f"{package} cannot be fetched (try apt-get update): {fetched.stderr}"
        (archive,) = folder.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", str(archive), str(self._folder / "root")], check=True, capture_output=True)


def await_socket(path: Path) -> None:
    """Come back when a server listens on `path`; an AssertionError when none does in time."""
    end = time.monotonic() + STARTED_WITHIN_SECONDS
    while not path.is_socket():
        assert time.monotonic() < end, f"nothing listens on {path}"
        time.sleep(0.02)


class PrivateOvn:
    """Databases and northd in a folder. There is no chassis: what is written is compiled, and carried by nobody."""

    def __init__(self, programs: Programs, folder: Path):
        self._programs = programs
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.northbound = f"unix:{folder}/nb.sock"
        self.southbound = f"unix:{folder}/sb.sock"

    def start(self) -> None:
        """Start everything, and come back when it answers."""
        for side, database in (("nb", "OVN_Northbound"), ("sb", "OVN_Southbound")):
            schema = self._programs.path(f"ovn-{side}.ovsschema")
            file = str(self._folder / f"{side}.db")
            subprocess.run([self._programs.path("ovsdb-tool"), "create", file, schema], check=True)
            self._spawn("ovsdb-server", file, f"--remote=punix:{self._folder}/{side}.sock", f"--unixctl={file}.ctl")
            await_socket(self._folder / f"{side}.sock")
            table = f"{side.upper()}_Global"
            self.transact(side, [{"op": "insert", "table": table, "row": {}}])
            assert self.rows(table, side=side), f"{database} holds no {table}"
        self._spawn(
            "ovn-northd",
            f"--ovnnb-db={self.northbound}",
            f"--ovnsb-db={self.southbound}",
            f"--unixctl={self._folder}/northd.ctl",
        )

    def stop(self) -> None:
        """End what `start` started."""
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            process.wait(STARTED_WITHIN_SECONDS)

    def transact(self, side: str, operations: list[dict]) -> list[dict]:
        """Run operations on a side (`nb`, `sb`) with Open vSwitch's own client, so that ours is not its own witness."""
        database = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}[side]
        answer = subprocess.run(
            ["ovsdb-client", "transact", f"unix:{self._folder}/{side}.sock", json.dumps([database, *operations])],
            check=True,
            capture_output=True,
        )
        answers = json.loads(answer.stdout)
        assert not [each for each in answers if "error" in each], answers
        return answers

    def rows(self, table: str, where: list | None = None, side: str = "nb") -> list[dict]:
        """The rows of a table, as the database writes them in JSON."""
        return self.transact(side, [{"op": "select", "table": table, "where": where or []}])[0]["rows"]

    def row(self, table: str, name: str) -> dict:
        """The one row of that name."""
        (row,) = self.rows(table, [["name", "==", name]])
        return row

    def add_chassis(self, name: str, gateway: bool = False) -> None:
        """Register a chassis that does nothing; a gateway as network nodes register themselves."""
        options = ["map", [["ovn-cms-options", "enable-chassis-as-gw"]] if gateway else []]
        # No address is used: any text that is the chassis' own will do.
        encap = {"type": "geneve", "ip": name, "chassis_name": name}
        self.transact(
            "sb",
            [
                {"op": "insert", "table": "Encap", "uuid-name": "tunnel", "row": encap},
                {
                    "op": "insert",
                    "table": "Chassis",
                    "row": {"name": name, "encaps": ["named-uuid", "tunnel"], "other_config": options},
                },
            ],
        )

    def clear(self) -> None:
        """Take all rows away again, so that the next test begins with nothing."""
        for table in ("Logical_Switch", "Logical_Router", "Port_Group", "DHCP_Options"):
            self.transact("nb", [{"op": "delete", "table": table, "where": []}])
        for table in ("Chassis_Private", "Chassis"):
            self.transact("sb", [{"op": "delete", "table": table, "where": []}])

    def _spawn(self, program: str, *arguments: str) -> None:
        with (self._folder / f"{program}.log").open("ab") as log:
            self._processes.append(subprocess.Popen([self._programs.path(program), *arguments], stdout=log, stderr=log))


def plain(value: object) -> object:
    """A JSON value of OVSDB as Python: maps as dicts, sets as sorted lists, uuids as text."""
    if isinstance(value, list):
        kind, content = value
        if kind == "map":
            return dict(content)
        if kind == "set":
            return sorted(plain(member) for member in content)
        return content
    return value
