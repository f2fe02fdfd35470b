"""Arithmetic of prefixes, pools and hardware addresses. Pure functions; texts are in canonical form."""

import secrets
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import pairwise

Prefix = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# The prefix of addresses that no vendor owns and OpenStack gives to ports.
MAC_PREFIX = "fa:16:3e"


def usable(prefix: Prefix) -> tuple[Address, Address] | None:
    """The first and the last address of `prefix` that a port may have; None when there is none.

    IPv4 leaves out network and broadcast address unless the prefix is a /31 or /32 (RFC 3021); IPv6 leaves out the
    first, the routers' anycast address (RFC 4291, 2.6.1).
    """
    first, last = prefix[0], prefix[-1]
    if prefix.version == 4 and prefix.prefixlen < 31:
        return first + 1, last - 1
    if prefix.version == 6 and prefix.prefixlen < 127:
        return first + 1, last
    return first, last


def default_gateway(prefix: Prefix) -> str:
    """The gateway when none is asked for: the first usable address."""
    return str(usable(prefix)[0])


def default_pools(prefix: Prefix, gateway: str | None) -> list[dict[str, str]]:
    """All usable addresses but the gateway's, as a list of ``{start, end}``."""
    first, last = usable(prefix)
    pools = []
    if gateway is not None and first <= (middle := ip_address(gateway)) <= last:
        if first < middle:
            pools.append((first, middle - 1))
        if middle < last:
            pools.append((middle + 1, last))
    else:
        pools.append((first, last))
    return [{"start": str(start), "end": str(end)} for start, end in pools]


def bounds(pool: dict[str, str]) -> tuple[Address, Address]:
    """A pool's ends."""
    return ip_address(pool["start"]), ip_address(pool["end"])


def pool_problem(prefix: Prefix, pools: Iterable[dict[str, str]], gateway: str | None) -> tuple[str, str] | None:
    """What is wrong with `pools` as (message, Neutron's name of the error), or None."""
    first, last = usable(prefix)
    ordered = sorted((bounds(pool) for pool in pools), key=lambda pair: int(pair[0]))
    for start, end in ordered:
        if start.version != prefix.version or end.version != prefix.version or start > end:
            return f"The allocation pool {start}-{end} is not valid.", "InvalidAllocationPool"
        if start < first or end > last:
            return (
                f"The allocation pool {start}-{end} spans beyond the subnet cidr {prefix}.",
                "OutOfBoundsAllocationPool",
            )
        if gateway is not None and start <= ip_address(gateway) <= end:
            return (
                f"Gateway ip {gateway} conflicts with allocation pool {start}-{end}.",
                "GatewayConflictWithAllocationPools",
            )
    for (start, end), (following, its_end) in pairwise(ordered):
        if following <= end:
            return (
                f"Found overlapping allocation pools: {start}-{end} {following}-{its_end}.",
                "OverlappingAllocationPools",
            )
    return None


def size(pools: Iterable[dict[str, str]]) -> int:
    """How many addresses are in `pools`."""
    return sum(int(end) - int(start) + 1 for start, end in map(bounds, pools))


def nth(pools: Iterable[dict[str, str]], index: int) -> str:
    """The address at `index` of the pools put one after another; raises IndexError beyond them."""
    for start, end in map(bounds, pools):
        length = int(end) - int(start) + 1
        if index < length:
            return str(start + index)
        index -= length
    raise IndexError(index)


def every(pools: Iterable[dict[str, str]]) -> Iterator[str]:
    """The addresses of `pools` in order."""
    for start, end in map(bounds, pools):
        for value in range(int(start), int(end) + 1):
            yield str(type(start)(value))


def may_have(cidr: str, address: str) -> bool:
    """Whether a port may have `address` in the subnet `cidr`."""
    prefix, wanted = ip_network(cidr), ip_address(address)
    if wanted.version != prefix.version:
        return False
    first, last = usable(prefix)
    return first <= wanted <= last


def interface_address(cidr: str, mac_address: str) -> str:
    """The address that a machine gives itself in a /64 by its hardware address (RFC 4291, appendix A)."""
    first, *rest = (int(byte, 16) for byte in mac_address.split(":"))
    identifier = bytes([first ^ 2, *rest[:2], 0xFF, 0xFE, *rest[2:]])
    return str(ip_network(cidr)[int.from_bytes(identifier, "big")])


def random_mac() -> str:
    """A new hardware address, one of 16 million."""
    return ":".join([MAC_PREFIX, *(f"{byte:02x}" for byte in secrets.token_bytes(3))])
