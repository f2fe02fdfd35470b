"""Programs that measure from inside a node: sent there, run there, talked to line by line."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import nodes, ssh

REMOTE = Path(__file__).parent / "remote"
# On the node's tmpfs; gone with `removed`.
FOLDER = "/run/tenrec-bench"
PYTHON = "/opt/tenrec/api/bin/python"
LIKE_THE_WORKER = (
    "cd", "/", "&&", "runuser", "-u", "tenrec", "--",
    "env", "TENREC_CONFIG=/etc/tenrec/api.toml", "HOME=/tmp", "LC_ALL=C.UTF-8",
    "PATH=/opt/tenrec/api/bin:/usr/bin:/bin",
)  # fmt: skip


class Talk:
    """A running program: a line goes in, lines come out."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def say(self, line: str = "") -> None:
        """Send a line."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """The next line; raises RuntimeError when the program has ended."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._process.args[-3:])} ended with code {self._process.wait()}")
        return line.strip()


class Node:
    """The all-in-one host."""

    def __init__(self) -> None:
        self.address = nodes.find(nodes.ALLINONE).address

    def run(self, *command: str, data: bytes | None = None) -> str:
        """Run a command as root and return what it printed; raises RuntimeError with its own words."""
        done = subprocess.run(ssh.command(self.address, list(command)), input=data, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)[:200]}: {done.stderr.decode(errors='replace').strip()[-2000:]}")
        return done.stdout.decode()

    @contextmanager
    def programs(self) -> Iterator[None]:
        """Have the programs of ``remote/`` on the node meanwhile."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(REMOTE, arcname=".", filter=lambda each: None if "__pycache__" in each.name else each)
        self.run("rm", "-rf", FOLDER)
        self.run("mkdir", "-m", "0755", FOLDER)
        try:
            self.run("tar", "--no-same-owner", "-C", FOLDER, "-x", data=packed.getvalue())
            self.run("chmod", "-R", "a+rX", FOLDER)
            yield
        finally:
            self.run("rm", "-rf", FOLDER)

    @contextmanager
    def talk(self, program: str, *arguments: str, as_worker: bool = False) -> Iterator[Talk]:
        """Run a program of ``remote/`` meanwhile, as root with the system's Python, or as the worker runs."""
        words = ["python3", f"{FOLDER}/{program}", *arguments]
        if as_worker:
            words = [*LIKE_THE_WORKER, PYTHON, *words[1:]]
        with subprocess.Popen(
            ssh.command(self.address, words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield Talk(process)
            finally:
                process.stdin.close()
                process.stdout.close()

    def load(self) -> tuple[float, float]:
        """The machine's load averages over one and five minutes: a container sees its machine's."""
        first, second, *_rest = self.run("cat", "/proc/loadavg").split()
        return float(first), float(second)
