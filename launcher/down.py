"""`./tenrec down`: remove all that `up` made, and nothing else."""

import shutil

from launcher import containers, environment, machine, mounts, network, nodes, ownership
from launcher.locks import exclusive
from launcher.paths import RUN, STATE
from launcher.steps import Steps

# What belongs to the deployed cloud alone, and what only saves time.
CLOUD_FILES = {"clouds.yaml", "ca.pem", "credentials", "hosts.yml", "first-server.json"}
QUICKENING_FILES = {"images", "debs", "wheels", machine.INSTALLED_RECORD.name}


def down(steps: Steps, *, keep: bool = False) -> None:
    """Remove the host, its network, and what the launcher keeps below `.tenrec`.

    Nodes that `node create` made are not `up`'s: they stay, and what they need stays with them.

    :param keep: keep what makes the next `up` quick: image, downloads, virtual environment, installed packages
    """
    machine.require_root()
    with exclusive("up"):
        _remove_host(steps)
        others = [node.name for node in nodes.all_nodes()]
        if others:
            _remove_files(steps, CLOUD_FILES)
            steps.say(f"  kept    {', '.join(others)}, and what these need: ./tenrec node rm {' '.join(others)}")
            return
        _remove_network(steps)
        if not keep:
            _remove_packages(steps)
        _remove_files(steps, {path.name for path in STATE.iterdir()} - (QUICKENING_FILES if keep else set()))
        if not keep:
            _remove_environment(steps)


def _remove_host(steps: Steps) -> None:
    with steps.step(f"remove {nodes.ALLINONE}") as outcome:
        removed = nodes.remove(nodes.ALLINONE)
        outcome.set("container, files and loop devices" if removed else "was not there", changed=removed)


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


def _remove_files(steps: Steps, names: set[str]) -> None:
    """`.tenrec` holds only what the launcher made, the lock that we hold among it."""
    with steps.step("remove files") as outcome:
        for path in (STATE / name for name in names):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if not any(STATE.iterdir()):
            STATE.rmdir()
        outcome.set(f"{len(names)} in {STATE.name}", changed=bool(names))


def _remove_environment(steps: Steps) -> None:
    with steps.step("remove the virtual environment") as outcome:
        shutil.rmtree(environment.VENV, ignore_errors=True)
        outcome.set(environment.VENV.name, changed=True)
