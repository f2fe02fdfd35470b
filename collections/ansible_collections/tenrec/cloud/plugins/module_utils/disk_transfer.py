"""The root disk of a server on its way from one compute node to another: by NBD in TLS, each end with its certificate.

At both ends QEMU's own programs run, confined, and see a file of bytes: nobody looks into it on the way. The server
ends when its first reader has gone, or at the deadline; only the peer's certificate lets somebody read.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess

from ansible_collections.tenrec.cloud.plugins.module_utils import confinement, qemu_img

# NBD counts in sectors: a file may end within one, and comes with zeros behind it.
SECTOR_BYTES = 512


def offer_command(name, address, port, peer):
    """Serve the disk read-only under `name` to the host whose certificate has the common name `peer`."""
    return [
        "qemu-nbd", "--read-only", "--shared=1", f"--export-name={name}", f"--bind={address}", f"--port={port}",
        "--object", "tls-creds-x509,id=tls,endpoint=server,dir=/tls,verify-peer=yes",
        "--object", f"authz-simple,id=peer,identity=CN={peer}",
        "--tls-creds=tls", "--tls-authz=peer",
        # The bytes of the file and never what they mean. Without a lock: the server may be started meanwhile.
        "--image-opts",
        f"driver=raw,read-only=on,file.driver=file,file.filename={qemu_img.SOURCE},file.locking=off",
    ]  # fmt: skip


def copy_command(name, address, port, peer):
    """Read what `peer` serves under `name` into an existing file that reads as zeros."""
    source = {
        "driver": "raw",
        "file.driver": "nbd",
        "file.server.type": "inet",
        "file.server.host": address,
        "file.server.port": port,
        "file.export": name,
        "file.tls-creds": "tls",
        "file.tls-hostname": peer,
    }
    return [
        "qemu-img", "convert", "--object", "tls-creds-x509,id=tls,endpoint=client,dir=/tls,verify-peer=yes",
        "--image-opts", "-n", "--target-is-zero", "-W",
        ",".join(f"{key}={value}" for key, value in source.items()),
        "--target-image-opts", f"driver=raw,file.driver=file,file.filename={qemu_img.TARGET}",
    ]  # fmt: skip


def tls_files(folder, end):
    """The host's authority, certificate and key under the names that QEMU looks for; `end` is server or client."""
    names = {"ca-cert.pem": "ca.pem", f"{end}-cert.pem": "host.pem", f"{end}-key.pem": "host.key"}
    return {f"/tls/{name}": pathlib.Path(folder, file) for name, file in names.items()}


def offer(disk, name, address, ports, peer, tls, deadline):
    """Serve a disk in the background, once, on one of `ports`. Returns the port. Raises RuntimeError.

    What an earlier run offered under that name, and nobody read, is withdrawn.
    """
    withdraw(name)
    problem = "no port is free"
    for port in ports:
        if taken(address, port):
            continue
        seconds = max(1, int(deadline.remaining()))
        confined = confinement.confined_command(
            offer_command(name, address, port, peer),
            readable={qemu_img.SOURCE: disk, **tls_files(tls, "server")},
            cpu_seconds=seconds,
            address_space=qemu_img.CONVERT_ADDRESS_SPACE_BYTES,
            network=True,
        )
        process = subprocess.Popen(
            ["timeout", "--signal=KILL", str(seconds), *confined],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # It goes on when the module has ended.
            start_new_session=True,
        )
        deadline.wait_until(lambda process=process, port=port: process.poll() is not None or taken(address, port), 0.02)
        if process.poll() is None and taken(address, port):
            return port
        problem = f"the program that serves it ended with status {process.poll()} (None: it did not begin in time)"
    raise RuntimeError(problem)


def withdraw(name):
    """End the offers of `name` that are still open."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            # The confined program goes with the one that bounds its time.
            if words[0] == b"timeout" and f"--export-name={name}".encode() in words:
                os.kill(int(process.name), signal.SIGKILL)


def taken(address, port):
    """Whether somebody listens on a port of this host."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def copy(target, size, name, address, port, peer, tls, deadline):
    """Bring a disk of `size` bytes into the empty file `target`; holes stay holes. Raises RuntimeError."""
    with target.open("r+b") as file:
        file.truncate(-(-size // SECTOR_BYTES) * SECTOR_BYTES)
    seconds = max(1, deadline.remaining())
    command = confinement.confined_command(
        copy_command(name, address, port, peer),
        readable=tls_files(tls, "client"),
        writable={qemu_img.TARGET: target},
        cpu_seconds=int(seconds),
        address_space=qemu_img.CONVERT_ADDRESS_SPACE_BYTES,
        network=True,
    )
    confinement.run(command, seconds)
    with target.open("r+b") as file:
        file.truncate(size)
