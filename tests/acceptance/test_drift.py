"""Somebody changes the hosts behind the cloud's back: it is named, and set right by the playbooks that create."""

import subprocess

import pytest

from launcher.paths import REPOSITORY
from tests.acceptance.ground import server_with_volume
from tests.acceptance.host import wait_until

STRAY = "somebody-elses"
STRAY_DOMAIN = (
    f"<domain type='qemu'><name>{STRAY}</name><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"
)
IQN = "iqn.2010-10.org.openstack:volume-"


@pytest.fixture
def made(admin, member, host):
    """What the hosts are to hold."""
    with server_with_volume(admin, member, host, "drift") as made:
        yield made


@pytest.fixture
def stray(host):
    """A domain that is no server's."""
    host(f'echo "{STRAY_DOMAIN}" > /tmp/stray.xml && virsh define /tmp/stray.xml')
    yield STRAY
    host("virsh", "undefine", STRAY, check=False)


def reconcile(*words: str) -> tuple[int, dict[tuple[str, str], list[str]]]:
    """Run ``./tenrec reconcile``: its exit code, and by type and id what it says of a thing (problem, repair)."""
    command = [str(REPOSITORY / "tenrec"), "reconcile", *words]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    print(answer.stdout)
    rows = {}
    for line in answer.stdout.splitlines():
        cells = line.split()
        if len(cells) > 4 and cells[0].islower():
            rows[cells[0], cells[1]] = cells[3:5]
    assert answer.returncode in (0, 1) and answer.stdout, answer.stderr
    return answer.returncode, rows


def export_number(host, volume: str) -> str:
    """The number of the target of a volume; empty without one."""
    shown = host("tgtadm", "--lld", "iscsi", "--mode", "target", "--op", "show")
    names = [line.split() for line in shown.splitlines() if line.startswith("Target ")]
    return next((words[1].rstrip(":") for words in names if words[2] == IQN + volume), "")


def test_drift_is_named_and_repaired(host, member, made, stray):
    host("virsh", "destroy", made.domain)
    host("ovn-nbctl", "lsp-del", made.port)
    number = export_number(host, made.volume)
    host("tgtadm", "--lld", "iscsi", "--mode", "target", "--op", "delete", "--force", "--tid", number)
    host("rm", f"/etc/tgt/conf.d/tenrec-{made.volume}.conf")

    code, named = reconcile("--check")
    assert code == 1
    assert named["server", made.server] == ["changed", "possible"]
    assert named["port", made.port] == ["missing", "possible"]
    assert named["export", made.volume] == ["missing", "possible"]
    assert named["domain", stray] == ["orphaned", "by"]
    assert host("virsh", "domstate", made.domain).strip() == "shut off", "a check repairs nothing"

    code, named = reconcile()
    assert code == 1, "the stray domain is still there"
    assert named["server", made.server] == ["changed", "repaired"]
    assert named["port", made.port] == ["missing", "repaired"]
    assert named["export", made.volume] == ["missing", "repaired"]
    assert named["domain", stray] == ["orphaned", "by"]
    assert host("virsh", "domstate", made.domain).strip() == "running"
    assert made.volume in host("virsh", "dumpxml", made.domain)
    assert host("ovn-nbctl", "get", "logical_switch_port", made.port, "up").strip() == "true"
    assert export_number(host, made.volume)
    assert stray in host.domains()
    assert member.show("server", "show", made.server)["status"] == "ACTIVE"

    host("virsh", "undefine", stray)
    host("virsh", "destroy", made.domain)
    host("virsh", "undefine", made.domain)
    code, named = reconcile()
    assert code == 0, named
    assert named["server", made.server] == ["missing", "repaired"]
    assert host("virsh", "domstate", made.domain).strip() == "running"


def test_a_guest_that_shuts_itself_down_is_no_drift(host, member, made):
    host("virsh", "shutdown", made.domain)
    wait_until(lambda: member.show("server", "show", made.server)["status"] == "SHUTOFF", "the server being SHUTOFF")
    _code, named = reconcile("--check")
    assert ("server", made.server) not in named
