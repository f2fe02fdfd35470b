"""The Debian image boots as a server of the cloud does, and its cloud-init takes all that the config drive says."""

import base64
import json

import pytest

IMAGE = "/var/lib/tenrec/guest-images/debian-12.qcow2"
WORK = "/tmp/debian-test"
UUID = "4c1c1e0a-6f0e-4f43-9a53-4f3e6ad0b002"
MAC = "fa:16:3e:00:00:02"
HOSTILE = "{{ lookup('pipe', 'id') }} \"$(reboot)\" </name>"
USER_DATA = "#!/bin/sh\nid -un > /var/tmp/user-data\n"
# As much memory as the published image asks for, and the cloud's own choice of disk and config drive.
QEMU = (
    f"qemu-system-x86_64 -daemonize -display none -machine q35,accel=tcg -cpu max -m 256 -uuid {UUID} "
    f"-drive file={WORK}/disk.qcow2,if=virtio,cache=unsafe "
    f"-device virtio-scsi-pci,id=scsi0 -drive file={WORK}/config.iso,if=none,id=cd0,format=raw,readonly=on "
    "-device scsi-cd,drive=cd0 "
    f"-nic user,model=virtio-net-pci,mac={MAC},hostfwd=tcp:127.0.0.1:2223-:22 "
    f"-serial file:{WORK}/console.log -pidfile {WORK}/pid"
)
SSH = (
    f"timeout 60 ssh -q -i {WORK}/key -p 2223 -o BatchMode=yes -o StrictHostKeyChecking=accept-new "
    f"-o UserKnownHostsFile={WORK}/known debian@127.0.0.1"
)
BOOT_SECONDS = 600


def config_drive(key):
    """The documents of a config drive with one card that asks DHCP."""
    metadata = {"uuid": UUID, "hostname": "web-1", "name": HOSTILE, "public_keys": {"mine": key + "\n"}}
    network = {
        "links": [{"id": "tap0", "type": "ovs", "mtu": 1442, "ethernet_mac_address": MAC}],
        "networks": [{"id": "network0", "link": "tap0", "type": "ipv4_dhcp"}],
        "services": [],
    }
    return {
        "meta_data.json": json.dumps(metadata),
        "network_data.json": json.dumps(network),
        "user_data": USER_DATA,
        "vendor_data.json": "{}",
    }


@pytest.fixture(scope="module")
def guest(host):
    """A booted guest that lets its key in; its disk is larger than the image."""
    host.check_output(f"rm -rf {WORK}; mkdir -p {WORK}/drive/openstack/latest")
    host.check_output(f"ssh-keygen -q -t ed25519 -N '' -f {WORK}/key")
    for name, content in config_drive(host.check_output(f"cat {WORK}/key.pub")).items():
        encoded = base64.b64encode(content.encode()).decode()
        host.check_output(f"echo {encoded} | base64 --decode > {WORK}/drive/openstack/latest/{name}")
    host.check_output(f"genisoimage -quiet -J -r -V config-2 -o {WORK}/config.iso {WORK}/drive")
    host.check_output(f"qemu-img create -q -f qcow2 -b {IMAGE} -F qcow2 {WORK}/disk.qcow2 4G")
    host.check_output(QEMU)
    attempts = (
        f"end=$(($(date +%s) + {BOOT_SECONDS})); until {SSH} true; do [ $(date +%s) -lt $end ] || exit 1; sleep 2; done"
    )
    answered = host.run(attempts).rc == 0
    assert answered, host.check_output(f"tail -c 3000 {WORK}/console.log")
    yield
    host.run(f"kill $(cat {WORK}/pid)")


def test_cloud_init_is_done_and_complains_of_nothing(host, guest):
    status = host.check_output(
        f"{SSH.replace('timeout 60', f'timeout {BOOT_SECONDS}')} cloud-init status --wait --long"
    )
    assert "status: done" in status
    assert "DataSourceConfigDrive" in status
    result = json.loads(host.check_output(f"{SSH} cat /run/cloud-init/result.json"))
    assert result["v1"]["errors"] == []


def test_host_name_and_key_are_applied(host, guest):
    assert host.check_output(f"{SSH} hostname") == "web-1"
    assert host.check_output(f"{SSH} sudo id -u") == "0"
    # Turned round in the shell: the tests' own connection takes a status of 255 for its own failure.
    host.check_output(
        "! " + SSH.replace(f"-i {WORK}/key", "-o IdentityFile=/nonexistent -o IdentitiesOnly=yes") + " true"
    )


def test_what_a_tenant_typed_arrives_as_it_was_typed(host, guest):
    document = json.loads(host.check_output(f"{SSH} sudo cloud-init query ds.meta_data"))
    assert document["name"] == HOSTILE


def test_user_data_ran_as_root(host, guest):
    assert host.check_output(f"{SSH} cat /var/tmp/user-data") == "root"


def test_file_system_fills_the_disk(host, guest):
    assert int(host.check_output(f"{SSH} df --output=size -BM / | tail -1").rstrip("M")) > 3500


def test_nothing_failed_in_the_guest(host, guest):
    assert host.check_output(f"{SSH} systemctl list-units --failed --plain --no-legend") == ""
