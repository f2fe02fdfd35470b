"""The lab's hosts, asked over SSH; and programs that run on them."""

import json
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from launcher import ssh
from launcher.commands import run
from launcher.deployments import LAB

# Opens, as far as they are free, the TCP ports and UDP ports that two arguments list, until its input ends.
_LISTEN = """
import contextlib, socket, sys, threading
address, scope, tcp, udp = sys.argv[1], int(sys.argv[2]), *(map(int, each.split(",")) for each in sys.argv[3:])
kept = []
for port in tcp:
    with contextlib.suppress(OSError):
        kept.append(socket.create_server((address, port, 0, scope) if ":" in address else (address, port),
                    family=socket.AF_INET6 if ":" in address else socket.AF_INET))
def echo(listener):
    while True:
        data, peer = listener.recvfrom(99)
        listener.sendto(data, peer)
for port in udp:
    kept.append(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM))
    kept[-1].bind((address, port, 0, scope) if ":" in address else (address, port))
    threading.Thread(target=echo, args=[kept[-1]], daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""
# Asks each of the `[protocol, address, port]` of its argument, all at once, and prints those that answer.
_ASK = """
import concurrent.futures, json, socket, sys
def ask(target):
    protocol, address, port = target
    family, _, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as asker:
        asker.settimeout(3)
        try:
            asker.connect(place)
            if protocol == "udp":
                asker.send(b"hello")
                asker.recv(9)
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "silent"
    return "open"
targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(100) as pool:
    print(json.dumps([[*target, said] for target, said in zip(targets, pool.map(ask, targets)) if said != "silent"]))
"""


@dataclass(frozen=True)
class LabHost:
    """A host of the lab; without an address this machine, which is a stranger to the lab."""

    name: str
    address: str = ""
    groups: tuple[str, ...] = ()

    def __call__(self, *words: str, check: bool = True) -> str:
        """Run a command there as root, each argument one word of it, and return what it printed."""
        return run(self._words(words), check=check).stdout.strip()

    def succeeds(self, *words: str) -> bool:
        """Whether a command ends with 0 there."""
        return run(self._words(words), check=False).returncode == 0

    def answers_of(self, targets: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str, int], str]:
        """Which of these protocols, addresses and ports answer this host, with `open` or `refused`."""
        found = self("python3", "-c", _ASK, json.dumps(list(targets)))
        return {(protocol, address, port): said for protocol, address, port, said in json.loads(found)}

    @contextmanager
    def listening(self, address: str, tcp: Iterable[int], udp: Iterable[int]) -> Iterator[None]:
        """Something listens there at these ports of an address, beside what listens anyway."""
        bare, _, card = address.partition("%")
        scope = self("cat", f"/sys/class/net/{card}/ifindex") if card else "0"
        words = ["python3", "-c", _LISTEN, bare, scope, *(",".join(map(str, ports)) for ports in (tcp, udp))]
        with self.started(*words):
            yield

    @contextmanager
    def started(self, *words: str) -> Iterator[None]:
        """A program there that has said `ready`; it must end when its input does, and has ended afterwards."""
        program = subprocess.Popen(
            self._words(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert program.stdout.readline() == "ready\n", program.stderr.read()
            yield
        finally:
            _, complaint = program.communicate(timeout=30)
        assert program.returncode == 0, complaint

    def _words(self, words: Iterable[str]) -> list[str]:
        return ssh.command(self.address, [shlex.join(words)]) if self.address else list(words)


def lab_hosts() -> dict[str, LabHost]:
    """The hosts that the lab's inventory names."""
    return {host.name: LabHost(host.name, host.address, host.groups) for host in LAB.hosts()}


def in_group(group: str) -> list[LabHost]:
    """Those of one group."""
    return [host for host in lab_hosts().values() if group in host.groups]
