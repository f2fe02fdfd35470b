"""Which working copy may use the nodes' network, which there is once on a machine."""

import pytest

from launcher import mounts, network, ownership
from launcher.errors import LauncherError

NODE = "tenrec-allinone"


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with a run folder of its own; what is removed from it is listed."""
    removed = []
    monkeypatch.setattr(ownership, "RUN", tmp_path / "run")
    monkeypatch.setattr(ownership, "OWNER", tmp_path / "run/owner")
    monkeypatch.setattr(ownership, "STATE", tmp_path / "ours/.tenrec")
    monkeypatch.setattr(ownership, "_node_namespaces", lambda: [NODE])
    monkeypatch.setattr(ownership, "_processes", lambda namespace: [])
    monkeypatch.setattr(network, "way_out_runs", lambda: False)
    monkeypatch.setattr(network, "destroy", lambda: removed.append("network"))
    monkeypatch.setattr(mounts, "destroy", lambda: removed.append("mounts"))
    monkeypatch.setattr(ownership.commands, "run", lambda words: removed.append(words[-1]))
    return removed


@pytest.fixture
def other(machine):
    """Another working copy that owns the network."""
    folder = ownership.STATE.parent.parent / "other/.tenrec"
    folder.mkdir(parents=True)
    ownership.RUN.mkdir()
    ownership.OWNER.write_text(str(folder))
    return folder


def test_the_first_copy_takes_it_and_keeps_it(machine):
    ownership.claim()
    ownership.claim()
    assert ownership.OWNER.read_text() == str(ownership.STATE)
    assert ownership.ours()
    assert not machine


def test_a_copy_that_runs_a_node_keeps_the_others_out(machine, other, monkeypatch):
    monkeypatch.setattr(ownership, "_processes", lambda namespace: [4711])
    with pytest.raises(LauncherError, match=rf"the working copy in {other.parent} runs nodes on this machine"):
        ownership.claim()
    assert ownership.OWNER.read_text() == str(other)
    assert not machine


def test_a_copy_that_is_about_to_start_a_node_keeps_the_others_out(machine, other, monkeypatch):
    monkeypatch.setattr(network, "way_out_runs", lambda: True)
    with pytest.raises(LauncherError, match="runs nodes"):
        ownership.claim()


def test_what_a_killed_copy_left_is_removed(machine, other):
    ownership.claim()
    assert machine == [NODE, "network", "mounts"]
    assert ownership.OWNER.read_text() == str(ownership.STATE)
    assert other.exists()


def test_what_a_deleted_copy_left_is_ended(machine, other, monkeypatch):
    ended = []
    monkeypatch.setattr(ownership, "_processes", lambda namespace: [4711])
    monkeypatch.setattr(ownership.os, "kill", lambda process, signal: ended.append(process))
    other.rmdir()
    ownership.claim()
    assert ended == [4711]
    assert machine == [NODE, "network", "mounts"]
