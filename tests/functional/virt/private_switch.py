"""The part of Open vSwitch's database that the modules read, served by a real ovsdb-server."""

import json
import subprocess
import time
from pathlib import Path

TEXT = {"type": "string"}
MAP = {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}}
SCHEMA = {
    "name": "Open_vSwitch",
    "version": "8.3.1",
    "tables": {
        "Bridge": {"isRoot": True, "columns": {"name": TEXT, "datapath_type": TEXT}},
        "Interface": {"isRoot": True, "columns": {"name": TEXT, "external_ids": MAP}},
    },
}
STARTED_WITHIN_SECONDS = 10


class PrivateSwitch:
    """A database with the bridge br-int and no interfaces."""

    def __init__(self, folder: Path, datapath_type: str = "netdev"):
        self._socket = folder / "switch.sock"
        self.connection = f"unix:{self._socket}"
        schema, database = folder / "switch.ovsschema", folder / "switch.db"
        schema.write_text(json.dumps(SCHEMA))
        subprocess.run(["ovsdb-tool", "create", str(database), str(schema)], check=True)
        self._process = subprocess.Popen(
            ["ovsdb-server", str(database), f"--remote=p{self.connection}", f"--unixctl={folder}/switch.ctl"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + STARTED_WITHIN_SECONDS
        while not self._socket.exists():
            assert time.monotonic() < until, "ovsdb-server does not answer"
            time.sleep(0.02)
        self._insert("Bridge", {"name": "br-int", "datapath_type": datapath_type})

    def plug(self, port_id: str, installed: bool) -> None:
        """Add the interface of a port, as QEMU and ovn-controller do."""
        known = [["iface-id", port_id], *([["ovn-installed", "true"]] if installed else [])]
        self._insert("Interface", {"name": f"tap{port_id[:11]}", "external_ids": ["map", known]})

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(STARTED_WITHIN_SECONDS)

    def _insert(self, table: str, row: dict) -> None:
        request = json.dumps(["Open_vSwitch", {"op": "insert", "table": table, "row": row}])
        subprocess.run(["ovsdb-client", "transact", self.connection, request], check=True, capture_output=True)
