"""northd translates; the southbound database serves TLS clients with a certificate, and bounds what they write."""

import pytest

TLS = "-p /etc/tenrec/tls/host.key -c /etc/tenrec/tls/host.pem -C /etc/tenrec/tls/ca.pem"


@pytest.fixture
def southbound(host):
    """A shell command that speaks to the southbound database as a chassis would, up to its arguments."""
    address = host.check_output("ovn-sbctl get Connection . target").strip('"').rsplit(":", 1)[1]
    return f"ovn-sbctl --timeout=5 --db=ssl:{address}:6642 {TLS}"


@pytest.fixture
def chassis(host):
    """A chassis whose name is not the common name of this host's certificate."""
    host.check_output("ovn-sbctl chassis-add another geneve 192.0.2.9")
    yield "another"
    host.check_output("ovn-sbctl --if-exists chassis-del another")


def test_northd_translates_a_switch(host):
    host.check_output("ovn-nbctl --timeout=10 --wait=sb ls-add test-switch")
    try:
        assert "test-switch" in host.check_output("ovn-sbctl list Datapath_Binding")
    finally:
        host.check_output("ovn-nbctl ls-del test-switch")


def test_northbound_is_on_no_port(host):
    ports = {socket.rsplit(":", 1)[1] for socket in host.socket.get_listening_sockets() if socket.startswith("tcp")}
    assert "6641" not in ports


def test_southbound_serves_a_client_with_a_certificate(host, southbound):
    assert host.run(f"{southbound} show").rc == 0


def test_southbound_refuses_a_client_without_one(host, southbound):
    host.check_output(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=stranger -days 1 "
        "-keyout /tmp/stranger.key -out /tmp/stranger.pem"
    )
    stranger = southbound.replace("/etc/tenrec/tls/host", "/tmp/stranger")
    assert host.run(f"{stranger} show").rc != 0


def test_a_chassis_cannot_write_what_is_not_its_own(host, southbound, chassis):
    answer = host.run(f"{southbound} set Chassis {chassis} hostname=mine")
    assert answer.rc != 0
    assert "permission" in answer.stderr


def test_mac_addresses_begin_like_those_of_the_cloud(host):
    assert host.check_output("ovn-nbctl get NB_Global . options:mac_prefix").strip('"') == "fa:16:3e"
