"""Runs on the all-in-one host as root: does with the bare commands what the cloud does, and tells how long it took.

Argument: the id of a server, as large as which and with whose image others are made. Reads from standard input
``server`` (an overlay, a logical port, a domain) or ``rule`` (an ACL); makes one, removes it, and prints the
milliseconds that making it took, from the first command's start to the last one's end.
"""

import json
import shutil
import subprocess
import sys
import time
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

SERVERS = Path("/var/lib/tenrec/servers")


def run(*words: str) -> str:
    """Run a program and return what it printed."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Bare:
    """Work without the cloud, beside a server of the cloud's."""

    def __init__(self, like: str):
        self._document = run("virsh", "dumpxml", "--inactive", f"server-{like}")
        disk = json.loads(run("qemu-img", "info", "-U", "--output=json", str(SERVERS / like / "disk.qcow2")))
        self._base, self._size = disk["full-backing-filename"], str(disk["virtual-size"])
        self._format = disk["backing-filename-format"]
        port = ET.fromstring(self._document).find("./devices/interface/virtualport/parameters").get("interfaceid")
        self._switch = run("ovn-nbctl", "lsp-get-ls", port).split("(")[1].split(")")[0]

    def rule(self) -> float:
        """An ACL on the server's switch, taken up by all chassis; nothing sends what it drops."""
        words = (self._switch, "to-lport", "1001", f"icmp4 && ip4.src == 192.0.2.{uuid.uuid4().int % 250 + 1}")
        began = time.monotonic()
        run("ovn-nbctl", "--timeout=10", "--wait=hv", "acl-add", *words, "drop")
        took = (time.monotonic() - began) * 1000
        run("ovn-nbctl", "--timeout=10", "--wait=hv", "acl-del", *words)
        return took

    def server(self) -> float:
        """A server, started."""
        name = f"bench-{uuid.uuid4()}"
        # Beside the servers' folders: the same file system, and nobody's leftovers should this die.
        folder = SERVERS.parent / name
        folder.mkdir(mode=0o711)
        port = str(uuid.uuid4())
        try:
            file = folder / "domain.xml"
            file.write_text(self._described(name, port, folder))
            began = time.monotonic()
            disk = str(folder / "disk.qcow2")
            run("qemu-img", "create", "-q", "-f", "qcow2", "-b", self._base, "-F", self._format, disk, self._size)
            run(
                "ovn-nbctl", "--timeout=10", "--wait=hv", "lsp-add", self._switch, port,
                "--", "lsp-set-addresses", port, "dynamic",
            )  # fmt: skip
            run("virsh", "define", str(file))
            run("virsh", "start", name)
            return (time.monotonic() - began) * 1000
        finally:
            subprocess.run(["virsh", "destroy", name], capture_output=True, check=False)
            subprocess.run(["virsh", "undefine", name], capture_output=True, check=False)
            subprocess.run(["ovn-nbctl", "--if-exists", "lsp-del", port], capture_output=True, check=False)
            shutil.rmtree(folder)

    def _described(self, name: str, port: str, folder: Path) -> str:
        domain = ET.fromstring(self._document)
        domain.find("name").text = name
        domain.find("uuid").text = str(uuid.uuid4())
        for identity in domain.findall("./sysinfo/system/entry[@name='uuid']"):
            identity.text = domain.find("uuid").text
        devices = domain.find("devices")
        for disk in devices.findall("disk"):
            if disk.get("device") != "disk":
                devices.remove(disk)
            else:
                disk.find("source").set("file", str(folder / "disk.qcow2"))
                for backing in disk.findall("backingStore"):
                    disk.remove(backing)
        for interface in devices.findall("interface"):
            interface.find("./virtualport/parameters").set("interfaceid", port)
            interface.find("mac").set("address", f"fa:16:3e:{port[0:2]}:{port[2:4]}:{port[4:6]}")
            for target in interface.findall("target"):
                interface.remove(target)
        for element in devices.iter():
            for key in ("file", "path"):
                if element.get(key, "").endswith("/console.log"):
                    element.set(key, str(folder / "console.log"))
        return ET.tostring(domain, encoding="unicode")


def main() -> None:
    """Answer until the input ends."""
    bare = Bare(sys.argv[1])
    verbs = {"server": bare.server, "rule": bare.rule}
    for line in sys.stdin:
        print(verbs[line.strip()](), flush=True)


if __name__ == "__main__":
    main()
