"""`./tenrec up`: from a bare machine to a cloud with a first server that answers."""

import json
import time
from pathlib import Path

from launcher import clouds, environment, image, machine, nodes, ownership, playbook, ssh
from launcher.commands import run
from launcher.locks import exclusive
from launcher.paths import CLOUDS, HOSTS, LOGS, REPOSITORY, SSH, STATE, write_private
from launcher.steps import Steps, seconds_since

INVENTORY = REPOSITORY / "inventories" / "allinone"
PLAYBOOK = REPOSITORY / "site.yml"
FIRST_SERVER = STATE / "first-server.json"


def up(steps: Steps, *, story: bool = True) -> None:
    """Make the host, deploy the cloud on it and start the first server; what is there already stays.

    :param story: whether to start the first server
    :raises StepFailed: naming the step, the cause and the next thing to try
    """
    machine.require_root()
    ownership.claim()
    started = time.monotonic()
    with exclusive("up"):
        _install_packages(steps)
        steps.together(lambda: _make_environment(steps), lambda: _make_host(steps))
        _deploy(steps)
        _write_clouds(steps)
        if story:
            _start_first_server(steps)
    _summarise(steps, seconds_since(started), story=story)


def _install_packages(steps: Steps) -> None:
    with steps.step("programs on this machine") as outcome:
        wanted = machine.missing_packages(machine.NODE_PROGRAMS)
        if not environment.can_make_venv():
            wanted.append("python3-venv")
        if wanted:
            machine.install(wanted)
        outcome.set(f"installed {', '.join(wanted)}" if wanted else "all there", changed=bool(wanted))


def _make_environment(steps: Steps) -> None:
    with steps.step("virtual environment") as outcome:
        changed = environment.ensure(environment.DEPLOY)
        outcome.set("made" if changed else "unchanged", changed=changed)


def _make_host(steps: Steps) -> None:
    with steps.step("Debian 12 image for the host") as outcome:
        missing = image.ready() is None
        with exclusive("nodes"):
            image.build()
        outcome.set("built" if missing else "unchanged", changed=missing)
    with steps.step(f"host {nodes.ALLINONE}") as outcome:
        node, changed = nodes.create(nodes.ALLINONE)
        write_private(HOSTS, json.dumps(nodes.inventory([node]), indent=2) + "\n")
        outcome.set(f"{node.address} {'started' if changed else 'unchanged'}", changed=changed)


def _deploy(steps: Steps) -> None:
    with steps.step("deploy") as outcome:
        result = playbook.run(steps, ["-i", str(INVENTORY), "-i", str(HOSTS), str(PLAYBOOK)], log_name="deploy")
        outcome.set(f"{result.changed} tasks changed something", changed=result.changed > 0)
    nodes.collect_packages(nodes.find(nodes.ALLINONE))


def _write_clouds(steps: Steps) -> None:
    with steps.step("clouds.yaml") as outcome:
        changed = clouds.write(nodes.find(nodes.ALLINONE))
        outcome.set("written" if changed else "unchanged", changed=changed)


def _start_first_server(steps: Steps) -> None:
    """The story runs in the virtual environment, where the OpenStack SDK is."""
    with steps.step("first server") as outcome:
        log = LOGS / "first-server.log"
        log.unlink(missing_ok=True)
        ssh.ensure_key()
        run(
            [environment.program("python"), "-m", "launcher.story", "--report", FIRST_SERVER],
            environment={**environment.variables(), **clouds.variables(), "PYTHONPATH": str(REPOSITORY)},
            log=log,
            advice=f"read {log}, then the cloud's own log: ./tenrec node ssh {nodes.ALLINONE} journalctl -u 'tenrec-*'",
        )
        found = json.loads(FIRST_SERVER.read_text())
        for line in found["lines"]:
            steps.note(line)
        outcome.set(f"{found['name']} answers on {found['address']}", changed=found["changed"])


def _summarise(steps: Steps, took: str, *, story: bool) -> None:
    steps.say()
    steps.say(f"The cloud runs {took}." if steps.changed else f"The cloud runs; nothing was changed {took}.")
    steps.say()
    steps.say(f"  export OS_CLIENT_CONFIG_FILE={_shown(CLOUDS)} OS_CLOUD=tenrec    # or tenrec-admin")
    steps.say(f"  {_shown(environment.program('openstack'))} server list")
    if story:
        found = json.loads(FIRST_SERVER.read_text())
        steps.say(f"  curl http://{found['address']}/")
        steps.say(f"  ssh -F {_shown(SSH / 'config')} {found['name']}")
    steps.say("  ./tenrec status    ./tenrec test    ./tenrec down")


def _shown(path: Path) -> Path:
    """The path as a user in the present folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
