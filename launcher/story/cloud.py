"""What the first servers need of the cloud, found or made through the OpenStack API."""

import ipaddress
from typing import Any, TextIO

from openstack.connection import Connection
from openstack.exceptions import SDKException

from launcher.story import reach

NAME = "first"
NETWORK_NAME = "demo"
SUBNET_CIDR = "10.11.12.0/24"
EXTERNAL_NAME = "external"
PHYSICAL_NETWORK = "external"
IMAGE_NAME = "tiny"
FLAVOR_NAME = "tiny"
FLAVOR_SIZE = {"ram": 128, "vcpus": 1, "disk": 1}
VOLUME_GIB = 1
BUILD_SECONDS = 180
OPEN_TO_ALL = (
    {"protocol": "icmp"},
    {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
    {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80},
)


class Story:
    """A member of a project makes servers; the administrator made flavor and external network before.

    :ivar outside: the external network's addresses; the first is that of its router
    :ivar changed: whether anything had to be made
    """

    def __init__(self, member: Connection, admin: Connection, outside: ipaddress.IPv4Network) -> None:
        self.member = member
        self.admin = admin
        self.outside = outside
        self.changed = False

    def prepare(self) -> None:
        """Find or make all that a server refers to."""
        self.flavor = self._ensure(self.admin.compute, "flavor", FLAVOR_NAME, **FLAVOR_SIZE)
        self.image = self.member.image.find_image(IMAGE_NAME, ignore_missing=False)
        self.external = self._ensure(
            self.admin.network, "network", EXTERNAL_NAME, is_router_external=True,
            provider_network_type="flat", provider_physical_network=PHYSICAL_NETWORK,
        )  # fmt: skip
        outside = self.outside
        self._ensure(
            self.admin.network, "subnet", EXTERNAL_NAME, network_id=self.external.id, ip_version=4,
            cidr=str(outside), gateway_ip=str(outside[1]), is_dhcp_enabled=False,
            allocation_pools=[{"start": str(outside[10]), "end": str(outside[250])}],
        )  # fmt: skip
        self.network = self._ensure(self.member.network, "network", NETWORK_NAME)
        self.subnet = self._ensure(
            self.member.network, "subnet", NETWORK_NAME, network_id=self.network.id, ip_version=4,
            cidr=SUBNET_CIDR,
        )  # fmt: skip
        self._ensure_router()
        self._ensure_security_group()
        self._ensure(self.member.compute, "keypair", NAME, public_key=_public_key())

    def start_server(self, name: str) -> Any:
        """The server of that name, ACTIVE: made when there is none, started when it is stopped."""
        server = self.member.compute.find_server(name)
        if server is None:
            self.changed = True
            server = self.member.compute.create_server(
                name=name, image_id=self.image.id, flavor_id=self.flavor.id, key_name=NAME,
                networks=[{"uuid": self.network.id}], security_groups=[{"name": self.group.name}],
            )  # fmt: skip
        else:
            server = self.member.compute.get_server(server)
            if server.status == "SHUTOFF":
                self.changed = True
                self.member.compute.start_server(server)
        return self.member.compute.wait_for_server(server, wait=BUILD_SECONDS, interval=0.5)

    def host_of(self, server: Any) -> str:
        """The compute node that the server is on, which only the administrator sees."""
        return self.admin.compute.get_server(server.id).compute_host

    def fixed_address(self, server: Any) -> str:
        """The server's address on its own network."""
        return next(iter(self.member.network.ports(device_id=server.id))).fixed_ips[0]["ip_address"]

    def attach_volume(self, server: Any) -> Any:
        """The volume, attached to the server."""
        volume = self._ensure(self.member.block_storage, "volume", NAME, size=VOLUME_GIB)
        volume = self.member.block_storage.get_volume(volume)
        if not volume.attachments:
            self.changed = True
            self._wait_for_volume(volume, "available")
            self.member.compute.create_volume_attachment(server, volume_id=volume.id)
        return self._wait_for_volume(volume, "in-use")

    def associate_address(self, server: Any) -> str:
        """A floating IP on the server's port."""
        port = next(iter(self.member.network.ports(device_id=server.id)))
        for known in self.member.network.ips(port_id=port.id):
            return known.floating_ip_address
        self.changed = True
        created = self.member.network.create_ip(floating_network_id=self.external.id, port_id=port.id)
        reach.forget(created.floating_ip_address)
        return created.floating_ip_address

    def explain(self, name: str, stream: TextIO) -> None:
        """Write what the cloud says about a server, for whoever looks into a failure."""
        try:
            server = self.member.compute.find_server(name)
            if server is None:
                return
            server = self.member.compute.get_server(server)
            print(f"server {name}: {server.status}, fault: {server.fault}", file=stream)
            console = self.member.compute.get_server_console_output(server, length=30)
            print(console.get("output", ""), file=stream)
        except SDKException as error:
            print(f"nothing more is known: {error}", file=stream)

    def _ensure_router(self) -> None:
        router = self._ensure(
            self.member.network, "router", NETWORK_NAME,
            external_gateway_info={"network_id": self.external.id},
        )  # fmt: skip
        if not any(self.member.network.ports(device_id=router.id, network_id=self.network.id)):
            self.changed = True
            self.member.network.add_interface_to_router(router, subnet_id=self.subnet.id)

    def _ensure_security_group(self) -> None:
        self.group = self._ensure(self.member.network, "security_group", NAME)
        rules = list(self.member.network.security_group_rules(security_group_id=self.group.id, direction="ingress"))
        for wanted in OPEN_TO_ALL:
            if not any(all(rule[key] == value for key, value in wanted.items()) for rule in rules):
                self.changed = True
                self.member.network.create_security_group_rule(
                    security_group_id=self.group.id, direction="ingress", ethertype="IPv4", **wanted
                )

    def _ensure(self, service: Any, noun: str, name: str, **attributes: Any) -> Any:
        """The resource of that name, made with these attributes when there is none."""
        found = getattr(service, f"find_{noun}")(name)
        if found is None:
            self.changed = True
            found = getattr(service, f"create_{noun}")(name=name, **attributes)
        return found

    def _wait_for_volume(self, volume: Any, status: str) -> Any:
        return self.member.block_storage.wait_for_status(
            volume, status=status, failures=["error"], interval=0.5, wait=BUILD_SECONDS
        )


def _public_key() -> str:
    return reach.GUEST_KEY.with_suffix(".pub").read_text().strip()
