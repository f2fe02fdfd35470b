"""Runs on a node as root: sends echo requests and tells when the first answer came.

Reads commands from standard input, one a line: ``answer ADDRESS SECONDS`` (until the first answer) and ``silence
ADDRESS SECONDS`` (until none has come for a while). Each prints ``ready`` when the first request is sent, and then the
monotonic clock at the answer (or at the end of the silence); or ``late``. Containers share that clock with their
machine.
"""

import os
import select
import socket
import struct
import sys
import time

EVERY_SECONDS = 0.004
QUIET_SECONDS = 0.25


def checksum(packet: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def request(identity: int, number: int) -> bytes:
    """An ICMP echo request (RFC 792) without data."""
    packet = struct.pack("!BBHHH", 8, 0, 0, identity, number & 0xFFFF)
    return struct.pack("!BBHHH", 8, 0, checksum(packet), identity, number & 0xFFFF)


def answers(sock: socket.socket, address: str, identity: int, until: float):
    """The moments at which answers to `identity` come from `address`; None now and then, when none has come."""
    number = 0
    while time.monotonic() < until:
        try:
            sock.sendto(request(identity, number), (address, 0))
        except OSError:
            # No way to that address yet: it may come.
            time.sleep(EVERY_SECONDS)
        if number == 0:
            print("ready", flush=True)
        number += 1
        following = time.monotonic() + EVERY_SECONDS
        while (left := following - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
            packet, (sender, _port) = sock.recvfrom(2048)
            moment = time.monotonic()
            header = (packet[0] & 15) * 4
            kind, _code, _sum, found, _number = struct.unpack("!BBHHH", packet[header : header + 8])
            if (kind, found, sender) == (0, identity, address):
                yield moment
        yield None


def first_answer(sock: socket.socket, address: str, identity: int, seconds: float) -> float | None:
    """When the first answer came; None when none did within `seconds`."""
    return next((each for each in answers(sock, address, identity, time.monotonic() + seconds) if each), None)


def silence(sock: socket.socket, address: str, identity: int, seconds: float) -> float | None:
    """When no answer had come for QUIET_SECONDS; None when that did not happen within `seconds`."""
    last = time.monotonic()
    for moment in answers(sock, address, identity, time.monotonic() + seconds):
        last = moment or last
        if time.monotonic() - last > QUIET_SECONDS:
            return time.monotonic()
    return None


def main() -> None:
    """Answer commands until the input ends."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    identity = os.getpid() & 0xFFFF
    for line in sys.stdin:
        verb, address, seconds = line.split()
        # Each watch is a connection of its own, so that what the firewall remembers of another does not count.
        identity = (identity + 1) & 0xFFFF
        found = {"answer": first_answer, "silence": silence}[verb](sock, address, identity, float(seconds))
        print("late" if found is None else found, flush=True)


if __name__ == "__main__":
    main()
