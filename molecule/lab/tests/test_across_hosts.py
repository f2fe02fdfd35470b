"""What only several hosts can show: packets and volumes cross from host to host, and leave through one of them."""

from launcher.story import reach


def test_servers_on_two_hosts_reach_each_other(servers):
    for server, others in ((each, [other for other in servers.all if other.id != each.id]) for each in servers.all):
        assert others
        for other in others:
            fixed = servers.story.fixed_address(other)
            # Larger than any header: a path that loses whole packets would pass a ping of a few bytes.
            reach.wait_for_shell(servers.addresses[server.name], f"sudo ping -c 1 -W 2 -s 1300 {fixed}")
            reach.wait_for_shell(servers.addresses[server.name], f"wget -q -O - http://{fixed}/ | grep {other.name}")


def test_volume_comes_from_the_storage_node(servers, hosts):
    compute = hosts.address(servers.story.host_of(servers.first))
    shown = hosts.first("storage").check_output("tgtadm --lld iscsi --mode target --op show")
    target = shown.partition(f"volume-{servers.volume.id}")[2].partition("Target ")[0]
    assert f"IP Address: {compute}" in target


def test_floating_addresses_go_through_the_network_node(servers, hosts):
    database = hosts.first("controller")
    chassis = database.check_output("ovn-sbctl --bare --columns=chassis find Port_Binding type=chassisredirect")
    name = database.check_output(f"ovn-sbctl get Chassis {chassis} name").strip('"')
    assert name in hosts.names("network")
    # The network node alone knows the address on its card's side.
    card = hosts.host(name).check_output(f"ping -c 1 -W 5 {servers.addresses[servers.first.name]}")
    assert " 0% packet loss" in card
