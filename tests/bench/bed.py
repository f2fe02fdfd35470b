"""What the measurements of effects stand on: a guest with an address that is reached from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.cloud import Cloud, Refused, wait

NAME = "bench"
# What `./tenrec up` makes for its first server.
NETWORK, EXTERNAL, TINY = "demo", "external", "tiny"
BOOT_SECONDS = 180


@dataclass
class Bed:
    """A caller, and what belongs to it: ids, and the floating IP's address."""

    member: Cloud
    network_id: str
    image_id: str
    flavor_id: str
    group_id: str
    server_id: str = ""
    port_id: str = ""
    floating_ip_id: str = ""
    address: str = ""

    def server_body(self, name: str = NAME) -> dict:
        """The body of a request for a server of the smallest kind."""
        return {
            "server": {
                "name": name,
                "imageRef": self.image_id,
                "flavorRef": self.flavor_id,
                "networks": [{"uuid": self.network_id}],
                "security_groups": [{"name": self.group_id}],
            }
        }

    def let_echo_in(self) -> str:
        """Make the rule that lets echo requests in, and return its id."""
        rule = {"security_group_id": self.group_id, "direction": "ingress", "ethertype": "IPv4", "protocol": "icmp"}
        made = self.member.post("/network/v2.0/security-group-rules", {"security_group_rule": rule})
        return made["security_group_rule"]["id"]


@contextmanager
def made() -> Iterator[Bed]:
    """Make it all in the project `demo`; what is the bench's own is removed at the end."""
    member = Cloud.deployed("tenrec")
    network_id = _found(member, "/network/v2.0/networks", "networks", NETWORK)
    external_id = _found(member, "/network/v2.0/networks", "networks", EXTERNAL)
    image_id = _found(member, "/image/v2/images", "images", TINY)
    flavor_id = _found(member, "/compute/v2.1/flavors", "flavors", TINY)
    group = member.post("/network/v2.0/security-groups", {"security_group": {"name": NAME}})["security_group"]
    bed = Bed(member, network_id, image_id, flavor_id, group["id"])
    try:
        _start(bed, external_id)
        yield bed
    finally:
        _remove(bed)


def _found(member: Cloud, path: str, noun: str, name: str) -> str:
    for each in member.get(path)[noun]:
        if each["name"] == name:
            return each["id"]
    raise Refused(f"there is no {noun.removesuffix('s')} '{name}'; ./tenrec up makes it")


def _start(bed: Bed, external_id: str) -> None:
    member = bed.member
    bed.server_id = member.post("/compute/v2.1/servers", bed.server_body())["server"]["id"]
    wait(lambda: member.status(bed.server_id) == "ACTIVE", "the bench's server being ACTIVE", BOOT_SECONDS, 0.2)
    bed.port_id = member.get(f"/network/v2.0/ports?device_id={bed.server_id}")["ports"][0]["id"]
    wanted = {"floating_network_id": external_id, "port_id": bed.port_id}
    floating_ip = member.post("/network/v2.0/floatingips", {"floatingip": wanted})["floatingip"]
    bed.floating_ip_id, bed.address = floating_ip["id"], floating_ip["floating_ip_address"]


def _remove(bed: Bed) -> None:
    if bed.floating_ip_id:
        bed.member.delete(f"/network/v2.0/floatingips/{bed.floating_ip_id}")
    if bed.server_id:
        path = f"/compute/v2.1/servers/{bed.server_id}"
        bed.member.delete(path)
        wait(lambda: bed.member.gone(path), "the end of the bench's server", pause=0.2)
    bed.member.delete(f"/network/v2.0/security-groups/{bed.group_id}")
