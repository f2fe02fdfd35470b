"""`./tenrec down` and `./tenrec lab down`: remove all that `up` made, and nothing else."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from launcher import containers, environment, machine, mounts, network, nodes, ownership, partitions
from launcher.deployments import ALLINONE, EVERY, LAB, LAB_FOLDER, Deployment
from launcher.locks import exclusive
from launcher.paths import RUN, STATE
from launcher.steps import Steps

# What belongs to the deployed clouds alone, and what only saves time.
CLOUD_FILES = {"clouds.yaml", "ca.pem", "credentials", "hosts.yml", "first-server.json", LAB_FOLDER.name}
QUICKENING_FILES = {"images", "debs", "wheels", machine.INSTALLED_RECORD.name}


def down(steps: Steps, *, keep: bool = False) -> None:
    """Remove the hosts of every cloud, their network, and what the launcher keeps below `.tenrec`.

    Nodes that `node create` made are not `up`'s: they stay, and what they need stays with them.

    :param keep: keep what makes the next `up` quick: images, downloads, virtual environment, installed packages
    """
    machine.require_root()
    with exclusive("up"):
        for deployment in EVERY.values():
            _remove_hosts(steps, deployment)
        others = [node.name for node in nodes.all_nodes()]
        if others:
            _remove_files(steps, [STATE / name for name in CLOUD_FILES])
            steps.say(f"  kept    {', '.join(others)}, and what these need: ./tenrec node rm {' '.join(others)}")
            return
        _remove_network(steps)
        if not keep:
            _remove_packages(steps)
        kept = QUICKENING_FILES if keep else set()
        _remove_files(steps, [path for path in STATE.iterdir() if path.name not in kept])
        if not keep:
            _remove_environment(steps)


def down_lab(steps: Steps) -> None:
    """Remove the lab's hosts and files; the prepared hosts, and what other nodes need, stay for the next time."""
    machine.require_root()
    with exclusive("up"):
        _remove_hosts(steps, LAB)
        if network.namespace_path().exists():
            partitions.heal()
        _remove_files(steps, [LAB_FOLDER, LAB.credentials])
        if not nodes.all_nodes():
            _remove_network(steps)


def _remove_hosts(steps: Steps, deployment: Deployment) -> None:
    """Those that the launcher made for it, also when the inventory no longer names them."""
    path = deployment.hosts_file
    made = list(json.loads(path.read_text())["all"]["hosts"]) if path.exists() else []
    if deployment is not ALLINONE and not made:
        return
    with steps.step(f"remove {', '.join(made or [ALLINONE.name])}") as outcome:
        removed = [name for name in made or [ALLINONE.name] if nodes.remove(name)]
        outcome.set("containers, files and loop devices" if removed else "not there", changed=bool(removed))


def _remove_network(steps: Steps) -> None:
    with steps.step("remove the nodes' network") as outcome, exclusive("nodes"):
        there = ownership.ours() and (network.namespace_path().exists() or mounts.pinned())
        if there:
            if mounts.pinned():
                containers.remove_cgroups()
            network.destroy()
            mounts.destroy()
            shutil.rmtree(RUN, ignore_errors=True)
        outcome.set("namespace, veth and route" if there else "was not there", changed=there)


def _remove_packages(steps: Steps) -> None:
    with steps.step("remove packages that were installed for this") as outcome:
        names = machine.purge()
        outcome.set(", ".join(names) or "none", changed=bool(names))


def _remove_files(steps: Steps, paths: Iterable[Path]) -> None:
    """`.tenrec` holds only what the launcher made, the lock that we hold among it."""
    with steps.step("remove files") as outcome:
        found = [path for path in paths if path.exists() or path.is_symlink()]
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        if not any(STATE.iterdir()):
            STATE.rmdir()
        outcome.set(f"{len(found)} in {STATE.name}", changed=bool(found))


def _remove_environment(steps: Steps) -> None:
    with steps.step("remove the virtual environment") as outcome:
        shutil.rmtree(environment.VENV, ignore_errors=True)
        outcome.set(environment.VENV.name, changed=True)
