"""What a guest is told about itself."""

import base64

import pytest

from tenrec_api.models.network import Network
from tenrec_api.models.port import IpAllocation, Port
from tenrec_api.models.server import Server
from tenrec_api.models.subnet import Subnet
from tenrec_api.services.compute.config_drive import hostname, meta_data, network_data


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", "web"),
        ("Web Server_1.example.org", "web-server-1-example-org"),
        ("-a-", "a"),
        ("x" * 70, "x" * 63),
        ("; rm -rf /", "rm--rf"),
        ("../../etc", "etc"),
        ("</name><devices/>", "namedevices"),
        ("日本", "server-id"),
    ],
)
def test_a_host_name_is_a_label(name, expected):
    assert hostname(name, "id") == expected


def test_meta_data_is_the_same_at_every_run():
    server = Server(
        id="id",
        name="<b>",
        hostname="b",
        launch_index=0,
        availability_zone="nova",
        project_id="p",
        seed="5",
        details={"a": "{{ 1 }}"},
    )
    document = meta_data(server)
    assert document == meta_data(server)
    assert (document["name"], document["meta"]) == ("<b>", {"a": "{{ 1 }}"})
    assert len(base64.b64decode(document["random_seed"])) == 512
    assert "keys" not in document


def test_a_network_without_dhcp_is_spelled_out(session):
    network = Network(project_id="p", name="n", mtu=1442)
    values = {"project_id": "p", "dns_nameservers": ["192.0.2.53"], "enable_dhcp": False, "gateway_ip": "10.1.0.1"}
    subnet = Subnet(
        cidr="10.1.0.0/24",
        ip_version=4,
        host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.1.0.254"}],
        allocation_pools=[],
        **values,
    )
    network.subnets = [subnet]
    port = Port(project_id="p", network=network, mac_address="fa:16:3e:00:00:01")
    session.add_all([network, port])
    session.flush()
    port.fixed_ips = [IpAllocation(subnet_id=subnet.id, ip_address="10.1.0.5")]
    document = network_data(session, [port])
    (link,), (entry,) = document["links"], document["networks"]
    assert (link["ethernet_mac_address"], link["mtu"], link["vif_id"]) == ("fa:16:3e:00:00:01", 1442, port.id)
    assert (entry["type"], entry["ip_address"], entry["netmask"], entry["link"]) == (
        "ipv4",
        "10.1.0.5",
        "255.255.255.0",
        link["id"],
    )
    assert entry["routes"] == [
        {"network": "10.9.0.0", "netmask": "255.255.0.0", "gateway": "10.1.0.254"},
        {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.1.0.1"},
    ]
    assert document["services"] == [{"type": "dns", "address": "192.0.2.53"}]
