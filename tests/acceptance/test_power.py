"""The host's power fails and comes back, and with it its servers."""

from launcher import nodes
from tests.acceptance.client import OpenStack
from tests.acceptance.ground import server_with_volume
from tests.acceptance.host import Host, wait_until

BOOT_SECONDS = 240


def test_a_host_that_lost_its_power_gets_its_servers_back(admin: OpenStack, member: OpenStack, host: Host):
    with server_with_volume(admin, member, host, "power") as made:
        # A look of the worker's has to know this start of the host first.
        wait_until(
            lambda: host.sql("SELECT COUNT(*) FROM compute_nodes WHERE boot IS NULL") == "0", "a look at the host"
        )
        nodes.restart(nodes.ALLINONE)

        def back() -> bool:
            running = host("virsh", "domstate", made.domain, check=False).strip() == "running"
            return running and host("ovn-nbctl", "get", "logical_switch_port", made.port, "up", check=False) == "true\n"

        wait_until(back, "the server's return", seconds=BOOT_SECONDS)
        assert made.volume in host("virsh", "dumpxml", made.domain)
        wait_until(lambda: member.attempt("server", "show", made.server).returncode == 0, "the API's return")
        wait_until(host.idle, "the end of all operations")
        assert member.show("server", "show", made.server)["status"] == "ACTIVE"
        assert member.show("volume", "show", made.volume)["status"] == "in-use"
