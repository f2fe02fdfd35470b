"""The pool shares blocks between files, and a volume is served to those who know its password only."""

import pytest

POOL = "/var/lib/tenrec/volumes"
IQN = "iqn.2010-10.org.openstack:volume-test"
TARGET = """
<target {iqn}>
    backing-store {pool}/test
    incominguser someone verysecretpassword
</target>
"""


@pytest.fixture
def portal(host):
    """Address and port on which the target listens."""
    return host.check_output("tgtadm --lld iscsi --op show --mode portal | grep -o '[0-9.]*:3260'")


@pytest.fixture
def served_volume(host):
    """A volume of 8 MiB, exported with a password by a file in conf.d."""
    host.check_output(f"truncate --size=8M {POOL}/test")
    host.check_output("cat > /etc/tgt/conf.d/test.conf << 'END'\n" + TARGET.format(iqn=IQN, pool=POOL) + "END")
    host.check_output(f"tgt-admin --update {IQN}")
    yield IQN
    host.check_output("rm /etc/tgt/conf.d/test.conf")
    host.check_output(f"tgt-admin --force --delete {IQN}; rm {POOL}/test")


def test_pool_shares_blocks_between_files(host):
    host.check_output(f"dd if=/dev/urandom of={POOL}/a bs=1M count=4 status=none")
    try:
        host.check_output(f"cp --reflink=always {POOL}/a {POOL}/b")
        host.check_output(f"cmp {POOL}/a {POOL}/b")
    finally:
        host.check_output(f"rm -f {POOL}/a {POOL}/b")


def test_pool_is_closed_to_others(host):
    assert host.file(POOL).mode == 0o700
    assert host.file("/etc/tgt/conf.d").mode == 0o700


def test_target_listens_on_one_address(host, portal):
    listening = [socket for socket in host.socket.get_listening_sockets() if socket.endswith(":3260")]
    assert listening == [f"tcp://{portal}"]
    assert not portal.startswith("0.0.0.0")


def test_volume_is_refused_without_its_password(host, portal, served_volume):
    assert host.run(f"timeout 10 qemu-img info iscsi://{portal}/{served_volume}/1").rc != 0
    assert host.run(f"timeout 10 qemu-img info iscsi://someone%wrongpassword@{portal}/{served_volume}/1").rc != 0


def test_volume_is_served_with_its_password_also_after_a_restart(host, portal, served_volume):
    url = f"iscsi://someone%verysecretpassword@{portal}/{served_volume}/1"
    assert "8 MiB" in host.check_output(f"timeout 10 qemu-img info {url}")
    host.check_output("systemctl restart tgt.service")
    assert "8 MiB" in host.check_output(f"timeout 10 qemu-img info {url}")
