#!/usr/bin/python3
"""Finds out whether KVM runs a guest on this host, by running one, and writes "kvm" or "qemu" for the cloud's modules.

/dev/kvm alone proves nothing: under some hypervisors it is there and a guest hangs at its first instruction. The guest
is a boot sector that leaves QEMU with a status of its own; it runs as QEMU's account, which must be able to use KVM.

Nor is KVM used on a machine that QEMU itself emulates. Its virtualization is emulated as well: guests run, until the
machine's kernel panics in KVM.

In a container a /dev/kvm that does not work is removed, because libvirt would probe QEMU anew at each look-up as long
as it is there. The container gets it back when it starts, hence a probe at each boot.
"""

from __future__ import annotations

import argparse
import grp
import os
import subprocess
import sys
import tempfile
from pathlib import Path

DEVICE = Path("/dev/kvm")
VERDICT = Path("/etc/tenrec/virtualization")
ACCOUNT = "libvirt-qemu"
EXIT_PORT = 0xF4
TOKEN = 0x2A
# isa-debug-exit turns the byte n that is written to its port into QEMU's exit status 2n + 1.
EXPECTED_STATUS = TOKEN * 2 + 1


def boot_sector() -> bytes:
    """512 bytes: mov dx, EXIT_PORT; mov al, TOKEN; out dx, al; hlt."""
    code = b"\xba" + EXIT_PORT.to_bytes(2, "little") + b"\xb0" + bytes([TOKEN]) + b"\xee\xf4"
    return code.ljust(510, b"\0") + b"\x55\xaa"


def guest_runs(seconds: int) -> bool:
    """Whether a KVM guest ran its boot sector within `seconds`."""
    with tempfile.NamedTemporaryFile(prefix="probe-") as disk:
        disk.write(boot_sector())
        disk.flush()
        os.chmod(disk.name, 0o644)
        command = [
            "setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups",
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", "pc,accel=kvm", "-cpu", "host", "-m", "16",
            "-drive", f"file={disk.name},format=raw,if=ide,snapshot=on",
            "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=1",
        ]  # fmt: skip
        try:
            return (
                subprocess.run(command, timeout=seconds, capture_output=True, check=False).returncode == EXPECTED_STATUS
            )
        except subprocess.TimeoutExpired:
            return False


def in_container() -> bool:
    """Whether systemd says that this is a container."""
    return subprocess.run(["systemd-detect-virt", "--container", "--quiet"], check=False).returncode == 0


def machine_is_emulated() -> bool:
    """Whether systemd says that this machine is a guest of QEMU's without acceleration (else it says `kvm`)."""
    found = subprocess.run(["systemd-detect-virt", "--vm"], capture_output=True, text=True, check=False)
    return found.stdout.strip() == "qemu"


def verdict(want: str, seconds: int) -> str:
    """Return "kvm" or "qemu", after making the device fit for it where this is a container."""
    container = in_container()
    worth_a_try = want == "kvm" or (want == "auto" and not machine_is_emulated())
    if worth_a_try and DEVICE.exists():
        if container:
            # No udev here gives the device to its group.
            os.chown(DEVICE, 0, grp.getgrnam("kvm").gr_gid)
            DEVICE.chmod(0o660)
        if guest_runs(seconds):
            return "kvm"
    if container:
        DEVICE.unlink(missing_ok=True)
    return "qemu"


def main() -> int:
    """Command line: --want auto|kvm|qemu, --seconds N."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--want", choices=("auto", "kvm", "qemu"), default="auto")
    parser.add_argument("--seconds", type=int, default=5, help="how long the guest may take")
    options = parser.parse_args()
    found = verdict(options.want, options.seconds)
    if not VERDICT.exists() or VERDICT.read_text() != found + "\n":
        new = VERDICT.with_name(".virtualization.new")
        new.write_text(found + "\n")
        new.chmod(0o644)
        new.replace(VERDICT)
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
