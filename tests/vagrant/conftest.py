"""A node with Vagrant, libvirt and a box of its own, and a copy of the working copy on it."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from launcher import commands, machine, nodes, ssh
from launcher.nodes import Node
from launcher.paths import REPOSITORY

NAME = "vagrant-test"
# Debian 12's own; the last four are what make_box.py needs.
PACKAGES = (
    "vagrant", "vagrant-libvirt", "libvirt-daemon-system", "dnsmasq-base", "iptables", "qemu-system-x86",
    "python3-venv", "mmdebstrap", "extlinux", "e2fsprogs", "qemu-utils",
)  # fmt: skip
COPY = "/root/tenrec"
ENVIRONMENT = {
    "TENREC_BOX": "tenrec-debian",
    "TENREC_LIBVIRT_DRIVER": "qemu",
    "PYTHONPATH": "roles/guest_image/files",
    # pip in a virtual environment knows its own authorities only.
    "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
}


@dataclass(frozen=True)
class Laptop:
    """The node that stands in for a user's machine."""

    node: Node

    def run(self, *words: str, check: bool = True) -> str:
        """Run a program in the copy; return what it printed, errors included.

        :raises AssertionError: when it fails and `check` is set
        """
        settings = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        line = f"cd {COPY} && exec nice env {shlex.join([*settings, *words])} 2>&1"
        done = commands.run(ssh.command(self.node.address, [line]), check=False)
        assert done.returncode == 0 or not check, f"{shlex.join(words)}: {done.stdout[-3000:]}"
        return done.stdout

    def openstack(self, user: str, command: str) -> str:
        """Run a command of the OpenStack client's as one of the two users of a new cloud; return what it printed."""
        kept_in, project = {"tenrec": ("demo", "demo"), "tenrec-admin": ("admin", "admin")}[user]
        folder = f"{COPY}/.tenrec/credentials/vagrant"
        password = commands.output(ssh.command(self.node.address, [f"cat {folder}/{kept_in}"])).strip()
        settings = {
            "OS_AUTH_URL": "https://192.168.60.61/identity/v3",
            "OS_CACERT": f"{folder}/tls/ca.pem",
            "OS_USERNAME": user,
            "OS_PASSWORD": password,
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_REGION_NAME": "RegionOne",
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        return self.run("env", *words, ".venv/bin/openstack", *command.split()).strip()

    def write(self, name: str, content: str) -> None:
        """Replace a file of the copy."""
        # The file may be a link, whose target shall stay what it is.
        commands.run(ssh.command(self.node.address, [f"cd {COPY} && rm {name} && cat > {name}"]), text=content)


@pytest.fixture(scope="session")
def laptop() -> Iterator[Laptop]:
    """A fresh node with Vagrant and the box `tenrec-debian`; it is removed at the end."""
    machine.require_root()
    nodes.remove(NAME)
    node, _ = nodes.create(NAME)
    try:
        install = f"apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy {' '.join(PACKAGES)}"
        commands.run(ssh.command(node.address, [f"mkdir {COPY}; {install}"]))
        copy_working_copy(node)
        found = Laptop(node)
        found.run("python3", "tests/vagrant/make_box.py", "/root/debian.box")
        found.run("vagrant", "box", "add", "--name", "tenrec-debian", "/root/debian.box")
        yield found
        found.run("vagrant", "destroy", "--force", check=False)
    finally:
        nodes.remove(NAME)


def copy_working_copy(node: Node) -> None:
    """Give the node what git knows of here, changes that are not committed included."""
    names = commands.output(["git", "-C", REPOSITORY, "ls-files", "--cached", "--others", "--exclude-standard"])
    # Among them is what somebody deleted and has not committed yet.
    there = "\n".join(name for name in names.splitlines() if os.path.lexists(REPOSITORY / name))
    pack = ["tar", "--create", "--directory", str(REPOSITORY), "--files-from=-"]
    archive = subprocess.run(pack, input=there.encode(), stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(ssh.command(node.address, [f"tar --extract --directory {COPY}"]), input=archive, check=True)
