"""A tgtd of one test run, on a port and a socket of its own."""

import os
import socket
import subprocess
import time
from pathlib import Path

from tests.functional.virt.unpacked import Unpacked

STARTED_WITHIN_SECONDS = 10


class PrivateTgt:
    """tgtd on the loopback address. It takes its management socket's folder from nobody: /var/run/tgtd."""

    def __init__(self, unpacked: Unpacked):
        self._unpacked = unpacked
        # tgtd names the socket after this number; another test run has another process id.
        self._control_port = os.getpid() % 30000 + 1
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = Path(f"/var/run/tgtd/socket.{self._control_port}")
        self.port = _free_port()

    def start(self) -> None:
        """Start, and come back when it answers."""
        self.socket.parent.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [
                # tgtd ignores SIGTERM, and would outlive a test run that is killed.
                "setpriv",
                "--pdeathsig=KILL",
                self._unpacked.program("tgtd"),
                "--foreground",
                "--control-port",
                str(self._control_port),
                "--iscsi",
                f"portal=127.0.0.1:{self.port}",
            ],
            env=self._unpacked.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + STARTED_WITHIN_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "tgtd ended"
            assert time.monotonic() < until, "tgtd does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Take its power: it forgets its targets, as it does in a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for file in (self.socket, Path(f"{self.socket}.lock")):
            file.unlink(missing_ok=True)

    def administer(self, *words: str) -> str:
        """Run Debian's own tgtadm, so that ours is not its own witness. Returns its output."""
        command = [self._unpacked.program("tgtadm"), "-C", str(self._control_port), "--lld", "iscsi", *words]
        done = subprocess.run(command, env=self._unpacked.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def replay(self, configuration: Path) -> None:
        """Make the targets of a folder of configuration files, as Debian's unit does when tgtd starts."""
        main = configuration / "main"
        main.write_text(f"include {configuration}/*.conf\n")
        command = [
            "perl",
            self._unpacked.program("tgt-admin"),
            "--execute",
            f"--control-port={self._control_port}",
            f"--conf={main}",
        ]
        subprocess.run(command, env=self._unpacked.environment, check=True, capture_output=True)

    def read(self, target: str, credentials: str = "") -> subprocess.CompletedProcess[str]:
        """Log in with QEMU's initiator and ask for the size of LUN 1. `credentials`: `user%password`."""
        at = f"{credentials}@" if credentials else ""
        return subprocess.run(
            ["qemu-img", "info", f"iscsi://{at}127.0.0.1:{self.port}/{target}/1"],
            env=self._unpacked.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as stream:
            return stream.connect_ex(str(self.socket)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
