"""A container node whose processes are killed from outside, and with them the one that would tell podman of it."""

import os
import signal
from collections.abc import Iterator

import pytest

from launcher import commands, containers, mounts, nodes
from tests.acceptance.host import Host, wait_until

NAME = "test-killed"


@pytest.fixture
def node() -> Iterator[nodes.Node]:
    nodes.remove(NAME)
    made, _ = nodes.create(NAME)
    yield made
    nodes.remove(NAME)


def _mounted(node: nodes.Node) -> int:
    table = commands.output(mounts.inside(["cat", "/proc/self/mountinfo"]))
    return sum(line.split()[4] == str(node.root) for line in table.splitlines())


def test_a_node_whose_processes_were_all_killed_starts_again(node: nodes.Node):
    Host(node)("touch", "/root/kept")
    monitor = commands.output(containers.podman("inspect", "--format", "{{.State.ConmonPid}}", NAME))
    first = containers.process(NAME)
    for process in (int(monitor), first):
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: node.state == "killed", "the end of its processes")
    assert nodes.create(NAME) == (node, True)
    assert node.state == "running"
    assert containers.process(NAME) != first
    assert _mounted(node) == 1
    assert Host(node)("ls", "/root").split() == ["kept"]
