"""Giving addresses of subnets to ports, race-free: a subnet's row is locked while an address of it is chosen."""

import random
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.network import Network
from tenrec_api.models.port import ROUTER_INTERFACE, IpAllocation, Port
from tenrec_api.models.subnet import Subnet
from tenrec_api.services.network import address_ranges
from tenrec_api.services.network.lookup import flush

# So many random addresses are tried with one query before the pools are searched in order.
TRIES = 16
MAX_FIXED_IPS = 5
# Modes in which a machine makes its address of its hardware address.
AUTOMATIC = ("slaac", "dhcpv6-stateless")


def give(session: Session, port: Port, network: Network, wanted: Sequence[dict] | None) -> None:
    """Give `port` the addresses of `wanted`, or one of each IP version that the network has when that is None.

    An entry has `subnet_id`, `ip_address` or both; an empty list gives none. Addresses that the port has already and
    that are wanted stay. Raises InvalidInput (InvalidIpForNetwork, InvalidIpForSubnet, InvalidInput), Conflict
    (IpAddressInUse, IpAddressGenerationFailure).
    """
    if wanted is not None and len(wanted) > MAX_FIXED_IPS:
        raise InvalidInput(f"Exceeded maximum amount of fixed ips per port: {MAX_FIXED_IPS}.")
    subnets = _lock_subnets(session, network)
    held = {(each.subnet_id, each.ip_address): each for each in port.fixed_ips}
    if wanted is None:
        chosen = _one_of_each_version(session, port, network, subnets)
    else:
        chosen = _choose_all(session, port, network, subnets, wanted, held)
    if len(set(chosen)) < len(chosen):
        raise InvalidInput("An address is asked for twice.", "InvalidInput")
    kept = {place: allocation for place, allocation in held.items() if place in chosen}
    if len(kept) < len(held):
        # What is given back goes first: the same address may be wanted by the next statement.
        port.fixed_ips = list(kept.values())
        session.flush()
    allocations = []
    for position, (subnet_id, address) in enumerate(chosen):
        allocation = kept.get((subnet_id, address)) or IpAllocation(subnet_id=subnet_id, ip_address=address)
        allocation.position = position
        allocations.append(allocation)
    port.fixed_ips = allocations
    flush(session, f"An address asked for on network {network.id} was taken a moment ago.", "IpAddressInUse")


def in_use(session: Session, subnet_id: str, addresses: Iterable[str]) -> set[str]:
    """Which of `addresses` some port has."""
    query = select(IpAllocation.ip_address).where(
        IpAllocation.subnet_id == subnet_id, IpAllocation.ip_address.in_(list(addresses))
    )
    return set(session.scalars(query))


def _lock_subnets(session: Session, network: Network) -> list[Subnet]:
    query = select(Subnet).where(Subnet.network_id == network.id, Subnet.deleting.is_(False))
    return list(session.scalars(query.order_by(Subnet.id).with_for_update()))


def follow_mac_address(session: Session, port: Port) -> None:
    """The port's hardware address has changed: so do the addresses that its machine makes of it."""
    subnets = {subnet.id: subnet for subnet in _lock_subnets(session, port.network)}
    wanted = [
        {"subnet_id": each.subnet_id}
        if is_automatic(subnets[each.subnet_id])
        else {"subnet_id": each.subnet_id, "ip_address": each.ip_address}
        for each in port.fixed_ips
    ]
    give(session, port, port.network, wanted)


def is_automatic(subnet: Subnet) -> bool:
    """Whether machines on the subnet give themselves their addresses."""
    return subnet.ipv6_address_mode in AUTOMATIC


def _one_of_each_version(
    session: Session, port: Port, network: Network, subnets: list[Subnet]
) -> list[tuple[str, str]]:
    """Places of the first IPv4 subnet with room, and of all automatic IPv6 subnets or else the first other one."""
    subnets = sorted(subnets, key=lambda subnet: (subnet.created_at, subnet.id))
    automatic = [subnet for subnet in subnets if is_automatic(subnet)]
    chosen = []
    for version in (4, 6):
        candidates = [subnet for subnet in subnets if subnet.ip_version == version and subnet not in automatic]
        if candidates and not (version == 6 and automatic):
            chosen.append(_first_free(session, network, candidates))
    return chosen + [_automatic(session, port, subnet) for subnet in automatic]


def _automatic(session: Session, port: Port, subnet: Subnet) -> tuple[str, str]:
    address = address_ranges.interface_address(subnet.cidr, port.mac_address)
    query = select(IpAllocation.port_id).where(
        IpAllocation.subnet_id == subnet.id, IpAllocation.ip_address == address, IpAllocation.port_id != port.id
    )
    if session.scalars(query).first():
        raise Conflict(f"IP address {address} already allocated in subnet {subnet.id}.", "IpAddressInUse")
    return subnet.id, address


def _first_free(
    session: Session, network: Network, subnets: list[Subnet], chosen: Collection[tuple[str, str]] = ()
) -> tuple[str, str]:
    for subnet in subnets:
        address = free_address(session, subnet, {address for subnet_id, address in chosen if subnet_id == subnet.id})
        if address is not None:
            return subnet.id, address
    raise Conflict(f"No more IP addresses available on network {network.id}.", "IpAddressGenerationFailure")


def free_address(session: Session, subnet: Subnet, spoken_for: set[str]) -> str | None:
    """An address of the subnet's pools that no port has and that is not `spoken_for`; None when there is none.

    Chosen at random: an address that was given back a moment ago is still in its neighbours' ARP caches.
    """
    total = address_ranges.size(subnet.allocation_pools)
    if not total:
        return None
    tries = {address_ranges.nth(subnet.allocation_pools, random.randrange(total)) for _ in range(TRIES)}  # noqa: S311
    free = tries - in_use(session, subnet.id, tries) - spoken_for
    if free:
        return min(free)
    taken = set(session.scalars(select(IpAllocation.ip_address).where(IpAllocation.subnet_id == subnet.id)))
    taken |= spoken_for
    candidates = (address for address in address_ranges.every(subnet.allocation_pools) if address not in taken)
    return next(islice(candidates, 1), None)


def _choose_all(
    session: Session,
    port: Port,
    network: Network,
    subnets: list[Subnet],
    wanted: Sequence[dict],
    held: dict[tuple[str, str], IpAllocation],
) -> list[tuple[str, str]]:
    """The place of each entry. Those that name an address go first, so that no other entry is given theirs."""
    places: dict[int, tuple[str, str]] = {}
    for number, entry in sorted(enumerate(wanted), key=lambda each: each[1].get("ip_address") is None):
        places[number] = _choose(session, port, network, subnets, entry, held, places.values())
    return [places[number] for number in range(len(wanted))]


def _choose(
    session: Session,
    port: Port,
    network: Network,
    subnets: list[Subnet],
    entry: dict,
    held: dict[tuple[str, str], IpAllocation],
    chosen: Collection[tuple[str, str]],
) -> tuple[str, str]:
    subnet_id, address = entry.get("subnet_id"), entry.get("ip_address")
    if subnet_id is not None:
        subnets = [subnet for subnet in subnets if subnet.id == subnet_id]
        if not subnets:
            raise InvalidInput(f"Subnet {subnet_id[:80]} is not a subnet of network {network.id}.", "InvalidInput")
    if address is None:
        if is_automatic(subnets[0]):
            return _automatic(session, port, subnets[0])
        kept = next((place for place in held if place[0] == subnet_id and place not in chosen), None)
        return kept or _first_free(session, network, subnets, chosen)
    fitting = [subnet for subnet in subnets if address_ranges.may_have(subnet.cidr, address)]
    if not fitting:
        if subnet_id is not None:
            raise InvalidInput(
                f"IP address {address} is not a valid IP for the specified subnet.", "InvalidIpForSubnet"
            )
        raise InvalidInput(
            f"IP address {address} is not a valid IP for any of the subnets on the specified network.",
            "InvalidIpForNetwork",
        )
    if is_automatic(fitting[0]) and port.device_owner != ROUTER_INTERFACE:
        own = _automatic(session, port, fitting[0])
        if own[1] != address:
            raise InvalidInput(
                f"IPv6 address {address} cannot be chosen on subnet {fitting[0].id}, only {own[1]}.",
                "AllocationOnAutoAddressSubnet",
            )
    place = fitting[0].id, address
    if place not in held and in_use(session, fitting[0].id, [address]):
        raise Conflict(f"IP address {address} already allocated in subnet {fitting[0].id}.", "IpAddressInUse")
    return place
