"""A chassis without a kernel: a real ovn-controller on Open vSwitch's dummy datapath. Guests are frames in and out."""

import os
import signal
import struct
import subprocess
import time
from pathlib import Path

from tests.functional.private_ovn import Programs, await_socket

ANSWER_WITHIN_SECONDS = 5.0
PCAP_HEADER, PCAP_RECORD = 24, 16


class PrivateChassis:
    """Carries the networks of a `PrivateOvn`. Nothing of the machine's own network is used or changed."""

    def __init__(self, programs: Programs, folder: Path, southbound: str, name: str):
        self._programs = programs
        self._folder = folder
        self._southbound = southbound
        self._name = name
        self._processes: list[subprocess.Popen[bytes]] = []
        self._seen: dict[str, int] = {}

    def start(self) -> None:
        """Start the switch and the controller; the chassis registers itself as a gateway."""
        schema = self._programs.path("vswitch.ovsschema")
        subprocess.run([self._programs.path("ovsdb-tool"), "create", str(self._folder / "conf.db"), schema], check=True)
        self._spawn("ovsdb-server", "conf.db", f"--remote=punix:{self._database_socket}", "--unixctl=ovsdb.ctl")
        await_socket(self._database_socket)
        settings = {
            "system-id": self._name,
            "ovn-remote": self._southbound,
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": "127.0.0.1",
            "ovn-cms-options": "enable-chassis-as-gw",
        }
        columns = [f"external_ids:{key}={value}" for key, value in settings.items()]
        self._vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".", *columns)
        self._spawn(
            "ovs-vswitchd",
            f"unix:{self._database_socket}",
            "--enable-dummy=override",
            "--disable-system",
            "--unixctl=vswitchd.ctl",
        )
        self._spawn("ovn-controller", f"unix:{self._database_socket}")

    def stop(self) -> None:
        """End what `start` started, at once."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def freeze(self, frozen: bool = True) -> None:
        """Stop the controller, as one on a dead host is, or let it go on."""
        self._processes[-1].send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def plug(self, port_id: str) -> str:
        """Plug a guest into a port and wait until the port is up. Returns the interface's name."""
        name = f"tap-{port_id[:8]}"
        self._vsctl(
            *("add-port", "br-int", name, "--", "set", "Interface", name, "type=dummy"),
            *(f"options:tx_pcap={self._pcap(name)}", f"external_ids:iface-id={port_id}"),
        )
        end = time.monotonic() + ANSWER_WITHIN_SECONDS
        while '"true"' not in self._vsctl("--if-exists", "get", "Interface", name, "external_ids:ovn-installed"):
            assert time.monotonic() < end, f"{name} does not come up"
            time.sleep(0.02)
        self._seen[name] = 0
        return name

    def unplug(self, name: str) -> None:
        """Take a guest away."""
        self._vsctl("del-port", "br-int", name)
        self._pcap(name).unlink(missing_ok=True)

    def send(self, name: str, frame: bytes) -> None:
        """Let the guest behind an interface send a frame.

        Before that the datapath's cache of decisions catches up with the flow tables, which it does by itself within
        milliseconds on an idle machine and later on a busy one.
        """
        self._appctl("revalidator/wait")
        self._appctl("netdev-dummy/receive", name, frame.hex())

    def receive(self, name: str, wanted, seconds: float = ANSWER_WITHIN_SECONDS) -> bytes | None:
        """The next frame to the guest for which `wanted(frame)` is true; None when none comes in time."""
        end = time.monotonic() + seconds
        while True:
            frames = self._frames(name)
            for place in range(self._seen[name], len(frames)):
                if wanted(frames[place]):
                    self._seen[name] = place + 1
                    return frames[place]
            if time.monotonic() > end:
                return None
            time.sleep(0.02)

    @property
    def _database_socket(self) -> Path:
        return self._folder / "db.sock"

    def _pcap(self, name: str) -> Path:
        return self._folder / f"{name}.pcap"

    def _frames(self, name: str) -> list[bytes]:
        content = self._pcap(name).read_bytes()
        frames, place = [], PCAP_HEADER
        while place + PCAP_RECORD <= len(content):
            (length,) = struct.unpack_from("<8xI", content, place)
            frame = content[place + PCAP_RECORD : place + PCAP_RECORD + length]
            if len(frame) < length:
                break
            frames.append(frame)
            place += PCAP_RECORD + length
        return frames

    def _appctl(self, *arguments: str) -> None:
        command = ["ovs-appctl", "--target", str(self._folder / "vswitchd.ctl"), *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def _vsctl(self, *arguments: str) -> str:
        command = [self._programs.path("ovs-vsctl"), "--timeout=10", f"--db=unix:{self._database_socket}"]
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout

    def _spawn(self, program: str, *arguments: str) -> None:
        # Where the daemons keep their control sockets.
        folders = dict.fromkeys(("OVS_RUNDIR", "OVN_RUNDIR", "OVS_LOGDIR", "OVN_LOGDIR"), str(self._folder))
        with (self._folder / f"{program}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [self._programs.path(program), *arguments],
                    stdout=log,
                    stderr=log,
                    cwd=self._folder,
                    env={**os.environ, **folders},
                )
            )
