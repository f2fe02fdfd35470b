"""A server with a port and a volume of its own, for tests that do something to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from tests.acceptance.client import OpenStack
from tests.acceptance.host import Host, wait_until


@contextmanager
def server_with_volume(admin: OpenStack, member: OpenStack, host: Host, name: str) -> Iterator[SimpleNamespace]:
    """Make them, all called `name`, and remove them: ids as `server`, `port`, `volume`, and the `domain`'s name."""
    admin("flavor", "create", "--ram", "128", "--disk", "1", "--vcpus", "1", name)
    member("network", "create", name)
    member("subnet", "create", "--network", name, "--subnet-range", "10.50.0.0/24", name)
    port = member.show("port", "create", "--network", name, name)["id"]
    volume = member.show("volume", "create", "--size", "1", name)["id"]
    words = ["--image", "tiny", "--flavor", name, "--port", name, "--wait", name]
    server = member.show("server", "create", *words)["id"]
    try:
        wait_until(lambda: member.show("volume", "show", volume)["status"] == "available", "the volume being available")
        member("server", "add", "volume", name, name)
        wait_until(lambda: member.show("volume", "show", volume)["status"] == "in-use", "the volume being in use")
        wait_until(host.idle, "the end of all operations")
        yield SimpleNamespace(server=server, port=port, volume=volume, domain=f"server-{server}")
    finally:
        member("server", "delete", "--wait", name)
        member("volume", "delete", name)
        wait_until(lambda: member.list("volume", "list") == [], "the volume being gone")
        member("port", "delete", name)
        member("network", "delete", name)
        admin("flavor", "delete", name)
