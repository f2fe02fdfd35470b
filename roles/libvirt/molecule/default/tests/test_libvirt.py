"""libvirt runs a guest in the way that the probe found, as QEMU's account, and offers nothing to the network."""

import pytest

DOMAIN = """
<domain type='{kind}'>
  <name>probe</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <serial type='pty'><log file='/var/lib/tenrec/servers/probe.log'/></serial>
  </devices>
</domain>
"""


@pytest.fixture
def verdict(host):
    """How guests run on this host: kvm or qemu."""
    return host.file("/etc/tenrec/virtualization").content_string.strip()


@pytest.fixture
def guest(host, verdict):
    """A running guest without a disk; the firmware finds nothing to boot and says so."""
    host.check_output("cat > /tmp/probe.xml << 'END'\n" + DOMAIN.format(kind=verdict) + "END")
    host.check_output("virsh --connect qemu:///system create /tmp/probe.xml")
    yield "probe"
    host.check_output("virsh --connect qemu:///system destroy probe")
    host.check_output("rm -f /var/lib/tenrec/servers/probe.log")


def test_verdict_is_one_of_the_two(verdict):
    assert verdict in ("kvm", "qemu")


def test_kvm_is_there_exactly_when_it_works(host, verdict):
    # The node is a container: a device that does not work has been taken away.
    assert host.file("/dev/kvm").exists == (verdict == "kvm")


def test_probe_runs_at_each_boot(host):
    assert host.service("tenrec-virtualization.service").is_enabled


def test_guest_runs_as_the_account_of_qemu(host, guest):
    assert host.check_output(f"virsh --connect qemu:///system domstate {guest}") == "running"
    qemu = host.process.get(comm="qemu-system-x86")
    assert qemu.user == "libvirt-qemu"


def test_looking_up_what_qemu_can_do_is_quick(host):
    assert host.run("timeout 5 virsh --connect qemu:///system domcapabilities --virttype qemu").rc == 0


def test_there_is_no_network_of_libvirts_own(host):
    assert host.check_output("virsh --connect qemu:///system net-list --all --name") == ""
    assert not host.interface("virbr0").exists


def test_nothing_listens_on_the_network(host):
    assert not [socket for socket in host.socket.get_listening_sockets() if ":16509" in socket or ":16514" in socket]


def test_unprivileged_account_cannot_use_it(host):
    assert host.run("setpriv --reuid=nobody --clear-groups virsh --connect qemu:///system list").rc != 0


def test_console_logs_are_bounded(host):
    assert "max_size = 2097152" in host.file("/etc/libvirt/virtlogd.conf").content_string
