"""Whether a compute node's guests run by KVM is found out, not asked for."""

import importlib.util

import pytest

from launcher.paths import REPOSITORY

FILE = REPOSITORY / "roles/libvirt/files/probe_virtualization.py"


@pytest.fixture
def probe(monkeypatch, tmp_path):
    """The program on a machine that has /dev/kvm, where a guest runs by it."""
    specification = importlib.util.spec_from_file_location("probe_virtualization", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    device = tmp_path / "kvm"
    device.touch()
    monkeypatch.setattr(module, "DEVICE", device)
    monkeypatch.setattr(module, "in_container", lambda: False)
    monkeypatch.setattr(module, "machine_is_emulated", lambda: False)
    monkeypatch.setattr(module, "guest_runs", lambda seconds: True)
    return module


@pytest.mark.parametrize(("want", "found"), [("auto", "kvm"), ("kvm", "kvm"), ("qemu", "qemu")])
def test_kvm_that_runs_a_guest_is_used_unless_emulation_is_asked_for(probe, want, found):
    assert probe.verdict(want, 5) == found


@pytest.mark.parametrize("want", ["auto", "kvm"])
def test_kvm_that_runs_no_guest_is_not_used(probe, monkeypatch, want):
    monkeypatch.setattr(probe, "guest_runs", lambda seconds: False)
    assert probe.verdict(want, 5) == "qemu"


@pytest.mark.parametrize(("want", "found"), [("auto", "qemu"), ("kvm", "kvm")])
def test_kvm_of_an_emulated_machine_is_used_only_when_it_is_asked_for(probe, monkeypatch, want, found):
    monkeypatch.setattr(probe, "machine_is_emulated", lambda: True)
    assert probe.verdict(want, 5) == found


@pytest.mark.parametrize(("printed", "emulated"), [("qemu\n", True), ("kvm\n", False), ("none\n", False)])
def test_systemd_tells_an_emulated_machine(probe, monkeypatch, tmp_path, printed, emulated):
    program = tmp_path / "systemd-detect-virt"
    program.write_text(f"#!/bin/sh\nprintf '{printed}'\n")
    program.chmod(0o755)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert probe.machine_is_emulated() is emulated
