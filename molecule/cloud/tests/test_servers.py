"""Servers that a member starts through the API, as their users meet them."""

from launcher import network
from launcher.story import reach
from launcher.story.cloud import FLAVOR_NAME


def test_each_compute_node_runs_one(servers, hosts):
    assert sorted(map(servers.story.host_of, servers.all)) == sorted(hosts.names("compute"))


def test_member_lists_what_there_is(servers, member):
    assert FLAVOR_NAME in {flavor.name for flavor in member.compute.flavors()}
    assert {server.name: server.status for server in member.compute.servers()} == dict.fromkeys(
        servers.addresses, "ACTIVE"
    )


def test_floating_addresses_answer_ping_and_http(servers):
    for name, address in servers.addresses.items():
        reach.wait_for_ping(address)
        assert name in reach.wait_for_page(address, name)


def test_key_lets_in(servers):
    for name, address in servers.addresses.items():
        assert reach.wait_for_shell(address, "hostname") == name


def test_volume_holds_what_was_written(servers):
    address = servers.addresses[servers.first.name]
    assert reach.wait_for_shell(address, "cat /sys/block/vdb/size") == str(servers.volume.size * 2 * 1024**2)
    reach.wait_for_shell(address, "echo kept | sudo tee /dev/vdb > /dev/null && sync")
    # Past what the guest remembers: from the storage node.
    assert reach.wait_for_shell(address, "sudo dd if=/dev/vdb bs=4k count=1 iflag=direct | head -c 4") == "kept"


def test_servers_reach_the_world_outside(servers):
    for address in servers.addresses.values():
        reach.wait_for_shell(address, f"sudo ping -c 1 -W 2 {network.MACHINE_ADDRESS}")


def test_no_operation_failed(servers, hosts):
    query = "SELECT kind FROM operations WHERE status NOT IN ('queued', 'running', 'succeeded')"
    answer = hosts.first("controller").check_output("runuser -u tenrec -- mariadb -N -B -u tenrec tenrec -e %s", query)
    assert answer == ""
