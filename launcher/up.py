"""`./tenrec up` and `./tenrec lab up`: from a bare machine to a cloud whose first servers answer."""

import json
import time
from pathlib import Path

from launcher import clouds, environment, image, machine, network, nodes, ownership, playbook, prepared, ssh
from launcher.commands import run
from launcher.deployments import ALLINONE, LAB, Deployment, Host
from launcher.locks import exclusive
from launcher.paths import LOGS, REPOSITORY, write_private
from launcher.steps import Steps, seconds_since

INVENTORY = ALLINONE.inventory
PLAYBOOK = REPOSITORY / "site.yml"


def up(steps: Steps, deployment: Deployment = ALLINONE, *, story: bool = True) -> None:
    """Make the hosts, deploy the cloud on them and start the first servers; what is there already stays.

    :param story: whether to start the first servers
    :raises StepFailed: naming the step, the cause and the next thing to try
    """
    machine.require_root()
    ownership.claim()
    started = time.monotonic()
    with exclusive("up"):
        _install_packages(steps)
        steps.together(lambda: _make_environment(steps), lambda: _make_image(steps))
        _make_hosts(steps, deployment)
        _deploy(steps, deployment)
        _write_clouds(steps, deployment)
        if story:
            _start_servers(steps, deployment)
    _summarise(steps, deployment, seconds_since(started), story=story)


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


def _make_image(steps: Steps) -> None:
    with steps.step("Debian 12 image for the hosts") as outcome:
        missing = image.ready() is None
        with exclusive("nodes"):
            image.build()
        outcome.set("built" if missing else "unchanged", changed=missing)


def _make_hosts(steps: Steps, deployment: Deployment) -> None:
    hosts = deployment.hosts()
    # First, so that `down` knows what there may be.
    described = nodes.inventory([nodes.Node(host.name, host.address) for host in hosts])
    write_private(deployment.hosts_file, json.dumps(described, indent=2) + "\n")
    if deployment is LAB:
        with steps.step("packages of each kind of host") as outcome:
            made = prepared.prepare(steps, [host for host in hosts if not nodes.exists(host.name)])
            outcome.set(f"{made} prepared" if made else "unchanged", changed=made > 0)
    steps.together(*(lambda host=host: _make_host(steps, deployment, host) for host in hosts))
    network.lead(deployment.external, deployment.gateway().address)


def _make_host(steps: Steps, deployment: Deployment, host: Host) -> None:
    with steps.step(f"host {host.name}") as outcome:
        base = prepared.base_of(host) if deployment is LAB and not nodes.exists(host.name) else ""
        node, changed = nodes.create(host.name, host.address, base)
        outcome.set(f"{node.address} {'started' if changed else 'unchanged'}", changed=changed)


def _deploy(steps: Steps, deployment: Deployment) -> None:
    with steps.step("deploy") as outcome:
        words = ["-i", str(deployment.inventory), "-i", str(deployment.hosts_file), str(PLAYBOOK)]
        result = playbook.run(steps, words, log_name=_log("deploy", deployment))
        outcome.set(f"{result.changed} tasks changed something", changed=result.changed > 0)
    for host in deployment.hosts():
        nodes.collect_packages(nodes.find(host.name))


def _write_clouds(steps: Steps, deployment: Deployment) -> None:
    with steps.step("clouds.yaml") as outcome:
        changed = clouds.write(deployment)
        outcome.set("written" if changed else "unchanged", changed=changed)


def _start_servers(steps: Steps, deployment: Deployment) -> None:
    """The story runs in the virtual environment, where the OpenStack SDK is."""
    with steps.step("first servers" if len(deployment.servers) > 1 else "first server") as outcome:
        log = LOGS / f"{_log('servers', deployment)}.log"
        log.unlink(missing_ok=True)
        ssh.ensure_key()
        controller = deployment.hosts()[0].name
        run(
            [environment.program("python"), "-m", "launcher.story", deployment.name],
            environment={**environment.variables(), **clouds.variables(deployment), "PYTHONPATH": str(REPOSITORY)},
            log=log,
            advice=f"read {log}, then the cloud's own log: ./tenrec node ssh {controller} journalctl -u 'tenrec-*'",
        )
        found = json.loads(deployment.report.read_text())
        for line in found["lines"]:
            steps.note(line)
        answers = ", ".join(f"{name} answers on {address}" for name, address in found["servers"].items())
        outcome.set(answers, changed=found["changed"])


def _log(what: str, deployment: Deployment) -> str:
    """The all-in-one cloud, which most users have, keeps the plain names."""
    return what if deployment is ALLINONE else f"{deployment.name}-{what}"


def _summarise(steps: Steps, deployment: Deployment, took: str, *, story: bool) -> None:
    steps.say()
    steps.say(f"The cloud runs {took}." if steps.changed else f"The cloud runs; nothing was changed {took}.")
    steps.say()
    steps.say(f"  export OS_CLIENT_CONFIG_FILE={_shown(deployment.clouds)} OS_CLOUD=tenrec    # or tenrec-admin")
    steps.say(f"  {_shown(environment.program('openstack'))} server list")
    if story:
        name, address = next(iter(json.loads(deployment.report.read_text())["servers"].items()))
        steps.say(f"  curl http://{address}/")
        steps.say(f"  ssh -F {_shown(deployment.guests)} {name}")
    if deployment is LAB:
        host = deployment.hosts()[-1].name
        steps.say(f"  ./tenrec lab status    ./tenrec lab ssh {host}    ./tenrec lab down")
    else:
        steps.say("  ./tenrec status    ./tenrec test    ./tenrec down")


def _shown(path: Path) -> Path:
    """The path as a user in the present folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
