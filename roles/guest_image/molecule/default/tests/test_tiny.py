"""The image boots, does what its config drive says, and obeys the power button."""

import json
import time

import pytest

IMAGE = "/var/lib/tenrec/guest-images/tiny.qcow2"
WORK = "/tmp/tiny-test"
UUID = "4c1c1e0a-6f0e-4f43-9a53-4f3e6ad0b001"
USER_DATA = '#!/bin/sh\necho "user data as $(id -un) on $(hostname)" > /run/www/user-data.txt\necho done-in-user-data\n'
QEMU = (
    f"qemu-system-x86_64 -daemonize -display none -machine q35,accel=tcg -m 128 -uuid {UUID} "
    f"-drive file={WORK}/disk.qcow2,if=virtio "
    f"-device virtio-scsi-pci,id=scsi0 -drive file={WORK}/config.iso,if=none,id=cd0,format=raw,readonly=on "
    "-device scsi-cd,drive=cd0 "
    "-device pcie-root-port,id=spare "
    "-nic user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:8080-:80 "
    f"-serial file:{WORK}/console.log -monitor unix:{WORK}/monitor,server,nowait -pidfile {WORK}/pid"
)
SSH = (
    f"timeout 20 ssh -q -i {WORK}/key -p 2222 -o StrictHostKeyChecking=accept-new "
    f"-o UserKnownHostsFile={WORK}/known guest@127.0.0.1"
)
USE_DISK = "mke2fs /dev/vdb > /dev/null && mount /dev/vdb /mnt && echo kept | tee /mnt/note && umount /mnt"
MONITOR = """
import socket, sys
monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
monitor.settimeout(30)
def await_prompt():
    text = b""
    while not text.endswith(b"(qemu) "):
        text += monitor.recv(4096)
await_prompt()
monitor.sendall(sys.argv[2].encode() + bytes([10]))
await_prompt()
"""


def wait_for(host, text, count=1, seconds=300):
    """The console's log, once it holds the text on as many lines as asked. Under load a boot takes a minute."""
    seen = f'[ "$(grep -c "{text}" {WORK}/console.log)" -ge {count} ]'
    host.run(f"for i in $(seq {seconds}); do {seen} && exit; sleep 1; done")
    log = host.check_output(f"cat {WORK}/console.log")
    assert log.count(text) >= count, f"{text!r} did not appear {count} times on the console"
    return log


def monitor(host, command):
    """Give QEMU's monitor one command, and come back when it was carried out."""
    host.check_output(f"python3 -c '{MONITOR}' {WORK}/monitor '{command}'")


def in_guest(host, condition, seconds=60):
    """Wait until a shell condition holds in the guest. How soon it sees hardware depends on the host's load."""
    loop = f"for i in $(seq {seconds}); do {condition} && exit 0; sleep 1; done; exit 1"
    host.check_output(f"{SSH.replace('timeout 20', f'timeout {seconds + 20}')} '{loop}'")


@pytest.fixture(scope="module")
def guest(host):
    """A booted guest with a config drive."""
    host.check_output(f"rm -rf {WORK}; mkdir -p {WORK}/drive/openstack/latest")
    host.check_output(f"ssh-keygen -q -t ed25519 -N '' -f {WORK}/key")
    metadata = {
        "uuid": UUID,
        "hostname": "web-1.novalocal",
        "name": "{{ lookup('pipe', 'id') }} \"$(reboot)\"",
        "public_keys": {"mine": host.check_output(f"cat {WORK}/key.pub") + "\n"},
    }
    for name, content in (("meta_data.json", json.dumps(metadata)), ("user_data", USER_DATA)):
        host.check_output(f"cat > {WORK}/drive/openstack/latest/{name} << 'END-OF-FILE'\n{content}\nEND-OF-FILE")
    host.check_output(f"genisoimage -quiet -J -r -V config-2 -o {WORK}/config.iso {WORK}/drive")
    host.check_output(f"qemu-img create -q -f qcow2 -b {IMAGE} -F qcow2 {WORK}/disk.qcow2 1G")
    host.check_output(QEMU)
    wait_for(host, "is ready after")
    yield
    host.run(f"kill $(cat {WORK}/pid)")


def test_nothing_of_a_broken_build_is_left(host):
    assert host.check_output(f"ls -A $(dirname {IMAGE})").split() == ["tiny.inputs", "tiny.qcow2"]


def test_console_shows_the_boot(host, guest):
    log = wait_for(host, "web-1.novalocal is ready")
    assert "Linux version" in log
    assert "read the config drive" in log


def test_web_page_has_the_hosts_name(host, guest):
    assert "<h1>web-1.novalocal</h1>" in host.check_output("curl -sf --max-time 10 http://127.0.0.1:8080/")


def test_key_opens_the_door_and_nothing_else_does(host, guest):
    assert host.check_output(f"{SSH} hostname") == "web-1.novalocal"
    assert host.check_output(f"{SSH} sudo id -u") == "0"
    # Turned round in the shell: the tests' own connection takes a status of 255 for its own failure.
    host.check_output("! " + SSH.replace(f"-i {WORK}/key", "-o BatchMode=yes -o IdentityFile=/nonexistent") + " true")


def test_user_data_ran_as_root(host, guest):
    assert host.check_output("curl -sf --max-time 10 http://127.0.0.1:8080/user-data.txt") == (
        "user data as root on web-1.novalocal"
    )
    assert "done-in-user-data" in wait_for(host, "user data ended")


def test_disk_that_is_plugged_in_can_be_used(host, guest):
    host.check_output(f"truncate --size=64M {WORK}/volume")
    monitor(host, f"drive_add 0 file={WORK}/volume,if=none,id=v,format=raw")
    monitor(host, "device_add virtio-blk-pci,drive=v,id=vd,bus=spare,serial=my-volume")
    in_guest(host, "test -e /dev/vdb")
    assert host.check_output(f"{SSH} cat /sys/block/vdb/serial") == "my-volume"
    assert host.check_output(f"{SSH} 'sudo sh -c \"{USE_DISK}\"'") == "kept"
    monitor(host, "device_del vd")
    in_guest(host, "! test -e /dev/vdb")


def test_reboot_keeps_the_host_key_and_does_not_run_user_data_again(host, guest):
    host.run(f"{SSH} sudo reboot")
    log = wait_for(host, "is ready after", count=2)
    assert log.count("done-in-user-data") == 1
    # The host key is in the file of known hosts: another one would be refused.
    assert host.check_output(f"{SSH} hostname") == "web-1.novalocal"


def test_power_button_shuts_down(host, guest):
    pid = host.check_output(f"cat {WORK}/pid")
    monitor(host, "system_powerdown")
    wait_for(host, "Power down")
    end = time.monotonic() + 30
    while host.file(f"/proc/{pid}").exists and time.monotonic() < end:
        time.sleep(0.5)
    assert not host.file(f"/proc/{pid}").exists
