"""Hosts with what needs no value of a site, kept as layers of file systems, so that the next lab need not install it.

A layer is made for each set of groups: a node gets their packages, the Python environments and the guest image (tag
"prepare" of the roles), is stopped, and what it wrote becomes the layer. The deployment on top of it is the ordinary
one, which mends what is older than it should be; the cloud's services are configured by it alone.
"""

import hashlib
import json
import re
import shutil
from pathlib import Path

from launcher import image, nodes, playbook
from launcher.deployments import Host
from launcher.locks import exclusive
from launcher.paths import IMAGES, REPOSITORY, STATE, private_folder, write_private
from launcher.steps import Steps

_BUILDERS = STATE / "prepared.yml"
# A list of packages in a role's defaults, which is plain data.
_PACKAGES = re.compile(r"^\w+_packages:.*\n(?: +- .*\n)*", re.MULTILINE)
# What belongs to one host alone: the next one must not inherit it.
_OWN = (
    "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/ssh", "etc/machine-id", "root", "tmp", "var/tmp",
    "var/log/journal", "var/lib/systemd/random-seed", "var/lib/dbus/machine-id", "var/cache/apt/archives",
)  # fmt: skip


def base_of(host: Host) -> str:
    """The layers below a node that shall be this host, as `nodes.create` takes them; they must be there.

    :raises RuntimeError: when they are not
    """
    root = image.ready()
    folder = _folder(host.groups)
    if root is None or not (folder / "complete").exists():
        raise RuntimeError(f"no layer has been prepared for {', '.join(host.groups)}")
    return f"{folder / 'upper'}:{root}"


def prepare(steps: Steps, hosts: list[Host]) -> int:
    """Make the layers that these hosts need and that are not there; return how many were made.

    :param hosts: of which there is an image already
    :raises LauncherError: when a package cannot be installed
    """
    with exclusive("prepared"):
        missing = {host.groups for host in hosts if not (_folder(host.groups) / "complete").exists()}
        return _prepare(steps, missing) if missing else 0


def _prepare(steps: Steps, missing: set[tuple[str, ...]]) -> int:
    builders = {f"prepare-{'-'.join(groups)}": groups for groups in sorted(missing)}
    try:
        steps.together(*(lambda name=name: _fresh(name) for name in builders))
        _install(steps, builders)
        for name, groups in builders.items():
            _keep(name, groups)
    finally:
        for name in builders:
            nodes.remove(name)
    return len(builders)


def _install(steps: Steps, builders: dict[str, tuple[str, ...]]) -> None:
    """Install on each builder the packages of its groups."""
    described = {"all": {"children": {}, **nodes.inventory([nodes.find(name) for name in builders])["all"]}}
    for name, groups in builders.items():
        for group in groups:
            described["all"]["children"].setdefault(group, {"hosts": {}})["hosts"][name] = {}
    write_private(_BUILDERS, json.dumps(described, indent=2) + "\n")
    # Tag "prepare" alone: no role is configured, so that no value of a site is asked for.
    words = ["-i", str(_BUILDERS), "--tags", "prepare", "--skip-tags", "always", str(REPOSITORY / "site.yml")]
    playbook.run(steps, words, log_name="prepare")
    _BUILDERS.unlink()


def _fresh(name: str) -> None:
    nodes.remove(name)
    nodes.create(name)


def _keep(name: str, groups: tuple[str, ...]) -> None:
    """Make a layer of what the node wrote; the node itself is of no use any more."""
    node = nodes.find(name)
    nodes.collect_packages(node)
    nodes.kill(name)
    folder = _folder(groups)
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    upper = folder / "upper"
    # On one file system moving keeps the overlay's own attributes.
    (node.folder / "upper").rename(upper)
    for own in _OWN:
        _remove(upper / own)
    (folder / "complete").touch()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _folder(groups: tuple[str, ...]) -> Path:
    """Named after all that decides what is in it: the image below, which roles a group has, and their packages."""
    described = [image.name(), *groups, (REPOSITORY / "site.yml").read_text()]
    for defaults in sorted((REPOSITORY / "roles").glob("*/defaults/main.yml")):
        described += _PACKAGES.findall(defaults.read_text())
    digest = hashlib.sha256("\0".join(described).encode()).hexdigest()[:12]
    return IMAGES / f"{'-'.join(groups)}-{digest}"
