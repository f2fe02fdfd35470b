"""After each fault the cloud is true again by itself: servers, disks, addresses, volumes; and what waited is done."""

import time

from launcher import nodes, partitions

# So long is a host without power when nothing else decides it.
OUTAGE_SECONDS = 5.0
# So long may it take to see that a host is back, and that a server's volume cannot be had there.
REPAIR_SECONDS = 180.0


def test_network_node_restarts(table):
    nodes.restart("network1")
    table.healed("network1 killed and started")


def test_storage_killed_and_started(lab, table):
    nodes.kill("storage1")
    lab.ask_for_volume("storage")
    time.sleep(OUTAGE_SECONDS)
    nodes.create("storage1")
    table.healed("storage1 killed and started, a volume asked for")


def test_worker_cut_from_a_compute(lab, table):
    first, second = nodes.find("controller1"), nodes.find("compute2")
    partitions.cut(first, second)
    down = table.shown_as_down("compute2")
    asked = [lab.ask_for_server(f"cut-{number}") for number in range(2)]
    assert {lab.host_of(server.id) for server in asked} == {"compute1"}
    partitions.heal()
    table.healed("controller1 cut from compute2", down)


def test_compute_killed_and_started(lab, table):
    nodes.kill("compute1")
    down = table.shown_as_down("compute1")
    asked = [lab.ask_for_server(f"killed-{number}") for number in range(2)]
    assert {lab.host_of(server.id) for server in asked} == {"compute2"}
    nodes.create("compute1")
    table.healed("compute1 killed and started", down)


def test_compute_comes_back_before_its_storage(lab, table):
    before = len(lab.failed_repairs("first"))
    nodes.kill("storage1")
    nodes.kill("compute1")
    nodes.create("compute1")
    table.seconds_until(lambda: len(lab.failed_repairs("first")) > before, REPAIR_SECONDS, "no start of first failed")
    nodes.create("storage1")
    table.healed("compute1 and storage1 killed, compute1 started first")


def test_controller_restarts_under_a_request(lab, table):
    lab.ask_for_server("controller")
    nodes.restart("controller1")
    table.healed("controller1 killed and started, a server asked for")
