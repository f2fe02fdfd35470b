"""What is wrong with a site, in sentences: pure functions over what its inventory says and its hosts report."""

from __future__ import annotations

import ipaddress

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

GROUPS = ("controller", "network", "compute", "storage")
RELEASE = ("Debian", "12")
# What the daemons of a group take at least. A host in several groups needs the sum.
MEMORY_MIB = {"controller": 1500, "network": 300, "compute": 600, "storage": 200}
DISK_GIB = {"controller": 6, "network": 1, "compute": 3, "storage": 1}


def faults_of_site(hosts, values, specification, clock_seconds):
    """Everything that is wrong, in the order in which one would mend it.

    Arguments: hosts: list of dicts with `name`, `groups`, `reached` and `why_not`; of a host that was reached also
    `system` (`[distribution, major version]`), `architecture`, `init`, `memory_mib`, `disk_bytes` (free below
    /var/lib), `addresses` (all IPv4 addresses), `networks` (of its cards: `address`, `prefix`), `clock_ahead` (seconds
    by which its clock differs from the deploying machine's, the time of asking deducted), `management_address`,
    `tunnel_address`, `tunnel_interface`, `interfaces`, `came_from` (the address from which SSH came to it, or empty).
    values: the site's, `{name: value}`, empty where one is missing. specification: of these values, in the form of a
    role's argument_specs. clock_seconds: how far clocks may be apart.
    """
    faults = _faults_of_inventory(hosts)
    faults += _faults_of_values(values, specification)
    for host in hosts:
        faults += _faults_of_host(host, clock_seconds)
    faults += _clashes(hosts, "management_address") + _clashes(hosts, "tunnel_address")
    return faults + _faults_of_ssh(hosts, values.get("ssh_from") or []) + _faults_of_external(hosts, values)


def _faults_of_values(values, specification):
    """What is missing, and what is not of its type."""
    faults = []
    for name, value in sorted(values.items()):
        wanted = specification[name]
        # None is what YAML makes of a line that ends with the colon.
        if value is None or not str(value).strip():
            if wanted.get("required"):
                faults.append(f"{name} has no value; set it in the inventory's group_vars/all/site.yml")
        elif ArgumentSpecValidator({name: wanted}).validate({name: value}).error_messages:
            faults.append(f"{name} is {value!r}; it must be of type {wanted['type']}: {wanted['description']}")
    return faults


def _faults_of_inventory(hosts):
    all_groups, faults = ", ".join(GROUPS), []
    for group in GROUPS:
        if not any(group in host["groups"] for host in hosts):
            faults.append(f"group {group} has no host; each of {all_groups} needs one")
    for host in hosts:
        name = host["name"]
        if name in GROUPS:
            faults.append(f"host {name} has the name of a group: Ansible would mistake one for the other; say {name}1")
        if not set(GROUPS) & set(host["groups"]):
            faults.append(f"{name} is in none of the groups {all_groups}")
    return faults


def _faults_of_host(host, clock_seconds):
    name = host["name"]
    if not host["reached"]:
        return [f"{name} cannot be reached: {host['why_not']}"]
    faults = []
    if tuple(host["system"]) != RELEASE:
        faults.append(f"{name} runs {' '.join(host['system'])}; it must run {' '.join(RELEASE)}")
    if host["architecture"] != "x86_64":
        faults.append(f"{name} is {host['architecture']}; it must be x86_64")
    if host["init"] != "systemd":
        faults.append(f"{name} was started by {host['init']}; it must run systemd")
    if abs(host["clock_ahead"]) > clock_seconds:
        direction = "ahead of" if host["clock_ahead"] > 0 else "behind"
        faults.append(
            f"{name}'s clock is {abs(host['clock_ahead']):.0f} s {direction} this machine's; at most {clock_seconds} s "
            "may be between them, or certificates and tokens are refused"
        )
    memory = sum(MEMORY_MIB.get(group, 0) for group in host["groups"])
    if host["memory_mib"] < memory:
        faults.append(f"{name} has {host['memory_mib']} MiB of memory; its groups need {memory}")
    disk = sum(DISK_GIB.get(group, 0) for group in host["groups"])
    if host["disk_bytes"] < disk << 30:
        faults.append(f"{name} has {host['disk_bytes'] / 2**30:.1f} GiB free below /var/lib; its groups need {disk}")
    return faults + _faults_of_addresses(host)


def _faults_of_addresses(host):
    name, faults = host["name"], []
    if host["management_address"] and host["management_address"] not in host["addresses"]:
        has = ", ".join(host["addresses"])
        faults.append(f"{name} does not have its management_address {host['management_address']}; it has {has}")
    interface = host["tunnel_interface"]
    if interface and interface not in host["interfaces"]:
        faults.append(
            f"{name} has no network card {interface} (tunnel_interface); it has {', '.join(host['interfaces'])}"
        )
    if not interface and host["tunnel_address"] and bare(host["tunnel_address"]) not in host["addresses"]:
        faults.append(
            f"{name} does not have its tunnel_address {host['tunnel_address']}; with the kernel's datapath it must be "
            "on a card of the host, with the userspace datapath name that card in tunnel_interface"
        )
    return faults


def _clashes(hosts, key):
    """Two hosts with one address."""
    owners = {}
    for host in hosts:
        if host.get(key):
            owners.setdefault(bare(host[key]), []).append(host["name"])
    return [
        f"{' and '.join(names)} have the same {key}, {address}"
        for address, names in sorted(owners.items())
        if len(names) > 1
    ]


def _faults_of_ssh(hosts, allowed):
    """Where SSH may come from, when that is said: the deploying machine must be there, or it locks itself out."""
    networks, faults = [], []
    for network in allowed if isinstance(allowed, list) else []:
        try:
            networks.append(ipaddress.ip_network(network, strict=False))
        except ValueError as error:
            faults.append(f"ssh_from has {network!r}: {error}; write addresses and networks like 192.0.2.0/24")
    controllers = [host.get("management_address") for host in hosts if "controller" in host["groups"]]
    locked_out = {}
    for host in hosts:
        came_from = host.get("came_from")
        if not networks or not came_from or came_from in controllers:
            continue
        if not any(ipaddress.ip_address(came_from) in network for network in networks):
            locked_out.setdefault(came_from, []).append(host["name"])
    return faults + [
        f"ssh_from does not have {address}, from which this machine reaches {', '.join(names)}: it would be locked out"
        for address, names in sorted(locked_out.items())
    ]


def _faults_of_external(hosts, values):
    """The network of floating IPs: its gateway is in it, and it is no network that the hosts use among themselves."""
    if not values.get("external_cidr"):
        return []
    try:
        external = ipaddress.ip_network(values["external_cidr"])
    except ValueError as error:
        return [f"external_cidr {values['external_cidr']!r} is no network: {error}; write it like 192.0.2.0/24"]
    faults = []
    gateway = values.get("external_gateway", "")
    try:
        if gateway and ipaddress.ip_address(gateway) not in external:
            faults.append(f"external_gateway {gateway} is not in external_cidr {external}")
    except ValueError:
        faults.append(f"external_gateway {gateway!r} is no address")
    clashes = {}
    for host in hosts:
        for card in host.get("networks", []):
            of_host = ipaddress.ip_network(f"{card['address']}/{card['prefix']}", strict=False)
            own_bridge = "network" in host["groups"] and gateway in host["addresses"] and of_host == external
            if of_host.version == external.version and of_host.overlaps(external) and not own_bridge:
                clashes.setdefault(str(of_host), []).append(host["name"])
    return faults + [
        f"external_cidr {external} clashes with {network}, a network of {', '.join(names)}"
        for network, names in sorted(clashes.items())
    ]


def bare(address):
    """An address without its prefix."""
    return str(address).partition("/")[0]
