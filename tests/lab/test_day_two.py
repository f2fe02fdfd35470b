"""Day two: a compute joins the lab, gets a server, is emptied while the server keeps all it has, and is removed."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from launcher import environment, nodes, prepared
from launcher.commands import run
from launcher.deployments import LAB, Host
from launcher.environment import program
from launcher.paths import REPOSITORY, STATE, write_private
from launcher.story import reach
from tests.lab.cloud import PREFIX
from tests.lab.hosts import LabHost, in_group

NAME = "compute3"
COMPUTE = Host(NAME, "172.30.64.43", ("compute",))
SERVER = f"{PREFIX}moves"
# Near the end of the root disk of 1 GiB.
SECTOR = "bs=512 {}=2000000 2> /dev/null"
READ = f"sudo dd if=/dev/vda count=1 {SECTOR.format('skip')} | head -n 1 && sudo head -c 4 /dev/vdb"


class Site:
    """The lab's inventory with one compute more, and the playbooks that an operator runs on it."""

    def __init__(self, folder: Path) -> None:
        self.took: dict[str, float] = {}
        self._hosts = folder / "hosts.yml"
        described = nodes.inventory([nodes.Node(host.name, host.address) for host in [*LAB.hosts(), COMPUTE]])
        described["all"]["children"] = {"compute": {"hosts": {NAME: {}}}}
        write_private(self._hosts, json.dumps(described))

    def play(self, playbook: str, *words: str) -> CompletedProcess[str]:
        """Run a playbook and keep how long that took."""
        started = time.monotonic()
        # Values that the lab's own file makes of the place where it lies.
        values = {"deployment_directory": str(STATE), "credentials_directory": str(LAB.credentials)}
        inventories = ["-i", str(LAB.inventory), "-i", str(self._hosts)]
        command = [program("ansible-playbook"), *inventories, "-e", json.dumps(values), REPOSITORY / playbook, *words]
        settings = {
            **environment.variables(),
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
        }
        done = run(command, check=False, environment=settings)
        what = " ".join([playbook, *words])
        self.took[f"{what} again" if what in self.took else what] = time.monotonic() - started
        return done

    def apply(self, playbook: str, *words: str) -> bool:
        """Run a playbook that must succeed; returns whether it changed something."""
        done = self.play(playbook, *words)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return any(re.search(r" changed=[1-9]", line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def site(tmp_path_factory, lab) -> Iterator[Site]:
    """The site, with the new host made and not deployed yet; afterwards the lab is as it was."""
    assert lab.complaints() == []
    nodes.remove(NAME)
    try:
        nodes.create(NAME, COMPUTE.address, prepared.base_of(COMPUTE))
    except RuntimeError:
        # No compute has been prepared: the packages are installed here.
        nodes.create(NAME, COMPUTE.address)
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    print()
    for what, seconds in site.took.items():
        print(f"{what:<90}{seconds:>8.1f} s")
    # Its volume can be deleted only when the server is gone.
    for server in lab.member.compute.servers(name=SERVER):
        lab.member.compute.delete_server(server)
        lab.member.compute.wait_for_delete(server, wait=120)
    for address in lab.member.network.ips(description=SERVER):
        lab.member.network.delete_ip(address)
    lab.remove_what_was_asked_for()
    nodes.remove(NAME)


@pytest.fixture(scope="module")
def address() -> dict[str, str]:
    """The server's address in the world, once it has one."""
    return {}


@pytest.fixture(scope="module")
def controller() -> LabHost:
    """The lab's controller."""
    return in_group("controller")[0]


def service(lab) -> Any:
    """The compute service of the new host, None without one."""
    return next((each for each in lab.admin.compute.services() if each.host == NAME), None)


def test_one_play_limited_to_the_new_host_adds_it(site, lab, controller):
    assert site.apply("site.yml", "--limit", NAME)
    found = service(lab)
    assert (found.state, found.status) == ("up", "enabled")
    assert NAME in controller("ovn-sbctl", "--bare", "--columns=name", "list", "Chassis").split()


def test_a_second_play_changes_nothing(site):
    assert not site.apply("site.yml", "--limit", NAME)


def test_a_server_lands_on_it_and_answers(site, lab, address):
    started = time.monotonic()
    compute, network, storage = lab.member.compute, lab.member.network, lab.member.block_storage
    first = compute.get_server(compute.find_server("first", ignore_missing=False))
    # The new host is the emptiest.
    server = compute.create_server(
        name=SERVER, image_id=first.image.id, flavor_id=compute.find_flavor("tiny", ignore_missing=False).id,
        key_name="first", networks=[{"uuid": network.find_network("demo", ignore_missing=False).id}],
        security_groups=[{"name": "first"}],
    )  # fmt: skip
    server = compute.wait_for_server(server, wait=180)
    assert lab.host_of(server.id) == NAME
    volume = storage.wait_for_status(storage.create_volume(name=SERVER, size=1), "available", wait=60)
    compute.create_volume_attachment(server, volume_id=volume.id)
    storage.wait_for_status(volume, "in-use", wait=60)
    port = next(iter(network.ports(device_id=server.id)))
    outside = network.find_network("external", ignore_missing=False)
    found = network.create_ip(floating_network_id=outside.id, port_id=port.id, description=SERVER)
    address["server"] = found.floating_ip_address
    reach.forget(address["server"])
    assert reach.wait_for_shell(address["server"], "hostname") == SERVER
    # The guest's files are in its memory. What lies on its root disk lies behind the image that it booted from.
    write = (
        f"echo kept | sudo tee /dev/vdb > /dev/null && echo kept | sudo dd of=/dev/vda {SECTOR.format('seek')} && sync"
    )
    reach.wait_for_shell(address["server"], f"{write} && echo written")
    site.took["a server on it, with a volume and a floating IP, answers"] = time.monotonic() - started


def test_a_server_that_runs_is_not_stopped_unasked(site, lab):
    done = site.play("playbooks/compute_drain.yml", "-e", f"compute={NAME}")
    assert done.returncode != 0
    assert SERVER in done.stdout and "stop_servers=true" in done.stdout
    found = service(lab)
    assert (found.status, found.disabled_reason) == ("disabled", "drained")
    assert lab.host_of(lab.member.compute.find_server(SERVER).id) == NAME


def test_drained_it_is_empty_and_its_server_has_all_it_had(site, lab, address):
    server = lab.member.compute.find_server(SERVER, ignore_missing=False)
    words = ("playbooks/compute_drain.yml", "-e", f"compute={NAME}", "-e", "stop_servers=true")
    assert site.apply(*words, "--check")
    assert lab.host_of(server.id) == NAME
    assert site.apply(*words)
    host = lab.host_of(server.id)
    assert host in {"compute1", "compute2"}
    started = time.monotonic()
    assert reach.wait_for_shell(address["server"], READ) == "kept\nkept"
    site.took["then its server answers elsewhere, with all it had"] = time.monotonic() - started
    assert not site.apply(*words)
    gone = LabHost(NAME, COMPUTE.address)
    assert gone("virsh", "list", "--all", "--name") == ""
    assert gone("ls", "/var/lib/tenrec/servers") == ""


def test_removed_nothing_of_it_is_left(site, lab, controller):
    words = ("playbooks/compute_remove.yml", "-e", f"compute={NAME}")
    assert site.apply(*words)
    assert service(lab) is None
    assert NAME not in controller("ovn-sbctl", "--bare", "--columns=name", "list", "Chassis").split()
    for file in ("inventory.yml", "ssh/known_hosts", "compute_nodes.toml"):
        text = controller("cat", f"/etc/tenrec/{file}")
        assert NAME not in text and COMPUTE.address not in text, file
    gone = LabHost(NAME, COMPUTE.address)
    for unit in ("libvirtd.service", "ovn-controller.service", "openvswitch-switch.service"):
        assert not gone.succeeds("systemctl", "is-active", unit), unit
    assert not gone.succeeds("grep", "-q", "tenrec-worker@", "/root/.ssh/authorized_keys")
    assert not site.apply(*words)
    assert lab.complaints() == []
