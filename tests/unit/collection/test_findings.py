"""Who switched a server off: its guest, or the host on its way down."""

import subprocess

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import findings

SERVERS = {"a": ("running", None), "b": ("shutoff", "shutdown"), "c": ("shutoff", "destroyed")}


@pytest.mark.parametrize(
    ("system", "reason"), [("running", "shutdown"), ("degraded", "shutdown"), ("stopping", "host")]
)
def test_a_host_that_goes_down_takes_its_guests_with_it(monkeypatch, system, reason):
    def systemctl(words, **_options):
        return subprocess.CompletedProcess(words, 1, stdout=f"{system}\n")

    monkeypatch.setattr(findings.subprocess, "run", systemctl)
    assert findings.off_with_host(SERVERS) == SERVERS | {"b": ("shutoff", reason)}


def test_a_host_without_systemd_does_not_go_down(monkeypatch):
    def systemctl(_words, **_options):
        raise FileNotFoundError("systemctl")

    monkeypatch.setattr(findings.subprocess, "run", systemctl)
    assert findings.off_with_host(SERVERS) == SERVERS
