"""The faults: what is done to the node in the middle of a burst, and how that ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.acceptance.host import Host, wait_until

BACK_SECONDS = 60
CUT_SECONDS = 12
SILENT_BROKER_SECONDS = 15
# The processes that the worker forks runs from, and those of the runs themselves.
WORKER = "$(systemctl show -p MainPID --value tenrec-worker)"
ZYGOTE = "tenrec_api.orchestration.warm.zygote"
# Kills the processes whose ids it reads; fails when there were none.
KILL = "xargs --no-run-if-empty --verbose kill -KILL 2>&1 | grep -q KILL"


@dataclass(frozen=True)
class Fault:
    """`strike` does it and returns when it is done; `heal` returns when everything runs again."""

    name: str
    strike: Callable[[Host], None]
    heal: Callable[[Host], None] = lambda host: None


def daemon(name: str, unit: str, who: str = "main") -> Fault:
    """The main process of a unit, or all of them, killed; systemd has to bring it back by itself."""

    def strike(host: Host) -> None:
        before = _main_process(host, unit)
        host("systemctl", "kill", "--signal=KILL", f"--kill-who={who}", unit)
        wait_until(lambda: _main_process(host, unit) != before, f"the end of {unit}", BACK_SECONDS, pause=0.1)

    return Fault(name, strike, lambda host: _wait_for(host, unit))


def _main_process(host: Host, unit: str) -> str:
    return host("systemctl", "show", "--property=MainPID", "--value", unit, check=False).strip()


def _wait_for(host: Host, unit: str) -> None:
    active = ["systemctl", "is-active", unit]
    wait_until(lambda: host(*active, check=False).strip() == "active", f"{unit} being back", BACK_SECONDS, pause=0.3)


def _kill_when_there(host: Host, find: str) -> None:
    """Kill what the shell command `find` prints the process ids of, as soon as there is any."""
    script = f"for n in $(seq 200); do {find} | {KILL} && exit 0; sleep 0.05; done; exit 1"
    host(script)


def _kill_warm(host: Host) -> None:
    _kill_when_there(host, f"pgrep -P {WORKER} -f {ZYGOTE}")


def _kill_runs(host: Host) -> None:
    # A warm run is a child of a zygote, a cold one the worker's own ansible-playbook.
    warm = f"for each in $(pgrep -P {WORKER} -f {ZYGOTE}); do pgrep -P $each; done"
    _kill_when_there(host, f"{{ {warm}; pgrep -P {WORKER} -f ansible-playbook; }}")


def _cut(host: Host) -> None:
    """The worker reaches the node by the node's own address, which goes over its loopback."""
    rules = "add table inet chaos; add chain inet chaos input { type filter hook input priority -10; }"
    for port in ("dport", "sport"):
        rules += f"; add rule inet chaos input iif lo tcp {port} 22 drop"
    host(f"nft '{rules}'")
    time.sleep(CUT_SECONDS)


def _join(host: Host) -> None:
    host("nft", "delete", "table", "inet", "chaos", check=False)


def _silence(host: Host) -> None:
    host("systemctl", "stop", "rabbitmq-server")
    time.sleep(SILENT_BROKER_SECONDS)


def _speak(host: Host) -> None:
    host("systemctl", "start", "rabbitmq-server")
    _wait_for(host, "rabbitmq-server")


def _empty(host: Host) -> None:
    host("rabbitmqctl", "--quiet", "stop_app")
    host("rabbitmqctl", "--quiet", "reset")
    host("rabbitmqctl", "--quiet", "start_app")


# What a burst need not be in flight for: killed, each is back by itself.
OTHER_DAEMONS = (
    "memcached",
    "nginx",
    "ovn-controller",
    "ovn-ovsdb-server-nb",
    "ovn-ovsdb-server-sb",
    "ovs-vswitchd",
    "ovsdb-server",
    "tgt",
)

FAULTS = (
    daemon("worker killed", "tenrec-worker"),
    daemon("API killed", "tenrec-api", who="all"),
    Fault("warm process killed", _kill_warm),
    Fault("Ansible killed", _kill_runs),
    daemon("MariaDB killed", "mariadb"),
    daemon("RabbitMQ killed", "rabbitmq-server", who="all"),
    Fault("RabbitMQ down", _silence, _speak),
    Fault("RabbitMQ emptied", _empty, lambda host: _wait_for(host, "rabbitmq-server")),
    daemon("libvirtd killed", "libvirtd"),
    daemon("ovn-northd killed", "ovn-northd"),
    Fault("worker cut from the node", _cut, _join),
)
