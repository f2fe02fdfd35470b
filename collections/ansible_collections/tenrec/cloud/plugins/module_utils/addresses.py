"""Addresses that items carry, read strictly. What does not parse is the item's error and names the value."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError

MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)


def network(text):
    """An `ipaddress` network from a CIDR without host bits."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ItemError(f"{text!r} is not a network, such as 192.0.2.0/24") from None


def interface(text):
    """An `ipaddress` interface (an address with its prefix length) from text such as 192.0.2.1/24."""
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        raise ItemError(f"{text!r} is not an address with a prefix length, such as 192.0.2.1/24") from None


def address(text, version=None):
    """An address in its usual spelling. Arguments: version: 4 or 6 when only that will do."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        parsed = None
    if parsed is None or version not in (None, parsed.version):
        kind = "IP" if version is None else f"IPv{version}"
        raise ItemError(f"{text!r} is not an {kind} address")
    return str(parsed)


def address_or_network(text):
    """An address or a CIDR, in its usual spelling; a CIDR of one address becomes that address."""
    parsed = network(text) if "/" in text else ipaddress.ip_network(address(text))
    return str(parsed.network_address) if parsed.num_addresses == 1 else str(parsed)


def mac_address(text):
    """A MAC address in lower case with colons."""
    lowered = text.lower()
    if not MAC.fullmatch(lowered):
        raise ItemError(f"{text!r} is not a MAC address, such as fa:16:3e:00:00:01")
    return lowered


def ordered(texts):
    """Addresses and networks in one order, IPv4 first, each once: the same set always reads the same."""
    return sorted(set(texts), key=lambda text: (":" in text, ipaddress.ip_network(text)))
