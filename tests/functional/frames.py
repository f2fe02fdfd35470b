"""Frames that guests send, and what is read from those that they get. Addresses are text."""

import struct
from ipaddress import IPv4Address

BROADCAST = "ff:ff:ff:ff:ff:ff"
ARP, IPV4 = 0x0806, 0x0800
ICMP, TCP, UDP = 1, 6, 17
DISCOVER, OFFER = 1, 2
DHCP_MESSAGE_TYPE, DHCP_MTU, DHCP_ROUTER, DHCP_DNS, DHCP_LEASE, DHCP_END = 53, 26, 3, 6, 51, 255
DHCP_OPTIONS = 14 + 20 + 8 + 236 + 4
"""Where a DHCP message's options begin in its frame."""


def ethernet(source: str, destination: str, kind: int, payload: bytes) -> bytes:
    """An Ethernet frame, of the least size at least."""
    return (_mac(destination) + _mac(source) + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def arp_request(mac: str, ip: str, target: str) -> bytes:
    """Who has `target`? Tell `ip`."""
    body = struct.pack("!HHBBH", 1, IPV4, 6, 4, 1) + _mac(mac) + _ip(ip) + bytes(6) + _ip(target)
    return ethernet(mac, BROADCAST, ARP, body)


def ping(mac: str, ip: str, to_mac: str, to_ip: str) -> bytes:
    """An ICMP echo request."""
    message = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
    message = message[:2] + struct.pack("!H", _checksum(message)) + message[4:]
    return ethernet(mac, to_mac, IPV4, _ipv4(ip, to_ip, ICMP, message))


def syn(mac: str, ip: str, to_mac: str, to_ip: str, port: int) -> bytes:
    """The first segment of a TCP connection to `port`."""
    return _tcp(mac, ip, to_mac, to_ip, 40000, port, 0x02)


def syn_ack(mac: str, ip: str, to_mac: str, to_ip: str, port: int) -> bytes:
    """The answer to `syn` of the other side."""
    return _tcp(mac, ip, to_mac, to_ip, port, 40000, 0x12)


def dhcp_discover(mac: str) -> bytes:
    """A DHCPDISCOVER that asks for MTU, router, name servers and lease time."""
    asked = bytes([55, 4, DHCP_MTU, DHCP_ROUTER, DHCP_DNS, DHCP_LEASE])
    head = struct.pack("!BBBBIHH16s", 1, 1, 6, 0, 0x1234, 0, 0x8000, b"") + _mac(mac).ljust(16, b"\0") + bytes(192)
    message = head + bytes.fromhex("63825363") + bytes([DHCP_MESSAGE_TYPE, 1, DISCOVER]) + asked + bytes([DHCP_END])
    datagram = struct.pack("!HHHH", 68, 67, 8 + len(message), 0) + message
    return ethernet(mac, BROADCAST, IPV4, _ipv4("0.0.0.0", "255.255.255.255", UDP, datagram))


def is_ip(frame: bytes, source: str, destination: str, protocol: int) -> bool:
    """Whether a frame carries IPv4 between these."""
    return frame[12:14] == b"\x08\x00" and (frame[26:30], frame[30:34], frame[23]) == (
        _ip(source),
        _ip(destination),
        protocol,
    )


def is_tcp_to(frame: bytes, destination: str, port: int) -> bool:
    """Whether a frame carries a TCP segment to this."""
    return frame[12:14] == b"\x08\x00" and (frame[23], frame[30:34], frame[36:38]) == (
        TCP,
        _ip(destination),
        port.to_bytes(2),
    )


def is_dhcp_answer(frame: bytes) -> bool:
    """Whether a frame is a DHCP server's."""
    return frame[12:14] == b"\x08\x00" and frame[23] == UDP and frame[34:38] == bytes([0, 67, 0, 68])


def is_arp_reply(frame: bytes) -> bool:
    """Whether a frame answers `arp_request`."""
    return frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x02"


def arp_sender(frame: bytes) -> str:
    """The MAC address that an ARP reply tells."""
    return frame[22:28].hex(":")


def dhcp_answer(frame: bytes) -> dict:
    """The offered address (`address`) and the options by number, as bytes."""
    options, place = {"address": str(IPv4Address(frame[58:62]))}, DHCP_OPTIONS
    while place < len(frame) and frame[place] != DHCP_END:
        number = frame[place]
        if number == 0:
            place += 1
            continue
        length = frame[place + 1]
        options[number] = frame[place + 2 : place + 2 + length]
        place += 2 + length
    return options


def _tcp(mac, ip, to_mac, to_ip, from_port, to_port, flags):
    segment = struct.pack("!HHIIBBHHH", from_port, to_port, 100, 0, 5 << 4, flags, 1000, 0, 0)
    pseudo = _ip(ip) + _ip(to_ip) + struct.pack("!BBH", 0, TCP, len(segment))
    segment = segment[:16] + struct.pack("!H", _checksum(pseudo + segment)) + segment[18:]
    return ethernet(mac, to_mac, IPV4, _ipv4(ip, to_ip, TCP, segment))


def _ipv4(source, destination, protocol, payload):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + _ip(source) + _ip(destination)
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


def _checksum(content):
    content += b"\0" * (len(content) % 2)
    total = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def _ip(text):
    return IPv4Address(text).packed
