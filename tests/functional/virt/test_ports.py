"""Servers wait for their ports, which OVN reports in the host's Open vSwitch."""

import threading
import time
import uuid

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.server_domain import ARGUMENTS, ServerDomain

from tests.functional.virt.private_switch import PrivateSwitch


@pytest.fixture
def switch(tmp_path):
    database = PrivateSwitch(tmp_path)
    yield database
    database.stop()


@pytest.fixture
def start(converge, host, libvirt_host, switch, cache_image):
    image = cache_image("raw", "1M")

    def run(ports, deadline=10):
        server = {"id": str(uuid.uuid4()), "name": "web", "vcpus": 1, "memory_mib": 64, "image": image, "ports": ports}
        parameters = {**host.domain, "wait_for_ports": True, "open_vswitch": switch.connection}
        return converge(ServerDomain, ARGUMENTS, [server], deadline=deadline, **parameters)["results"][0]

    return run


@pytest.fixture
def port():
    return {"id": str(uuid.uuid4()), "mac_address": "fa:16:3e:00:00:01", "mtu": 1442}


def test_a_server_is_running_when_its_ports_are(start, switch, port):
    switch.plug(port["id"], installed=True)
    assert start([port])["changed"] is True


def test_a_server_waits_for_its_ports_no_longer_than_it_must(start, switch, port):
    plugged = threading.Timer(1.0, switch.plug, (port["id"], True))
    plugged.start()
    started = time.monotonic()
    assert start([port])["changed"] is True
    assert 0.9 < time.monotonic() - started < 5
    plugged.join()


def test_a_port_that_does_not_come_fails_the_server_and_leaves_nothing(start, switch, port, host, libvirt_host):
    switch.plug(port["id"], installed=False)
    result = start([port], deadline=5)
    assert result["error"] == f"OVN did not set up port {port['id']} on this host within 2 seconds"
    assert list(host.servers.iterdir()) == []
    assert [domain.name() for domain in libvirt_host.listAllDomains()] == ["test"]


def test_offloads_are_off_where_open_vswitch_moves_packets_itself(start, switch, port, libvirt_host):
    switch.plug(port["id"], installed=True)
    result = start([port])
    document = libvirt_host.lookupByName(f"server-{result['id']}").XMLDesc()
    assert "<host csum='off'" in document
    assert "<guest csum='off'" in document


def test_a_host_without_the_bridge_says_so(start, converge, host, libvirt_host, switch, port):
    parameters = {**host.domain, "open_vswitch": switch.connection, "bridge": "br-other"}
    with pytest.raises(LookupError, match="Open vSwitch has no bridge br-other"):
        converge(ServerDomain, ARGUMENTS, [{"id": str(uuid.uuid4()), "vcpus": 1, "ports": [port]}], **parameters)
