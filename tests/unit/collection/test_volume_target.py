"""The configuration of a volume's iSCSI target, and what tgtd says of targets."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.target_daemon import REQUEST, parse_targets
from ansible_collections.tenrec.cloud.plugins.module_utils.volume_target import (
    free_number,
    target_configuration,
    target_name,
)

VOLUME_ID = "0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001"
SHOWN = f"""Target 3: iqn.2010-10.org.openstack:volume-{VOLUME_ID}
    System information:
        Driver: iscsi
        State: ready
    I_T nexus information:
        I_T nexus: 5
            Initiator: iqn.2008-11.org.linux-kvm:web alias: none
            Connection: 0
                IP Address: 192.0.2.20
    LUN information:
        LUN: 0
            Type: controller
            Backing store type: null
            Backing store path: None
            Backing store flags: 
        LUN: 1
            Type: disk
            Backing store type: rdwr
            Backing store path: /var/lib/tenrec/volumes/{VOLUME_ID}
            Backing store flags: 
    Account information:
        0d7e3c57
    ACL information:
        ALL
Target 1: iqn.2001-04.com.example:other
    System information:
        Driver: iscsi
    I_T nexus information:
    LUN information:
    Account information:
    ACL information:
"""  # noqa: W291


def test_what_tgtd_says_is_understood():
    targets = parse_targets(SHOWN)
    target = targets[target_name(VOLUME_ID)]
    assert target.number == 3
    assert target.backing == {1: f"/var/lib/tenrec/volumes/{VOLUME_ID}"}
    assert target.accounts == ["0d7e3c57"]
    assert target.access == ["ALL"]
    assert target.initiators == ["iqn.2008-11.org.linux-kvm:web"]
    assert targets["iqn.2001-04.com.example:other"].accounts == []


def test_without_targets_there_is_nothing():
    assert parse_targets("") == {}


def test_a_target_gets_the_smallest_free_number():
    assert free_number({}) == 1
    assert free_number(parse_targets(SHOWN)) == 2


def test_the_configuration_asks_for_the_password():
    text = target_configuration(target_name(VOLUME_ID), f"/pool/{VOLUME_ID}", "user", "word", ["192.0.2.20"])
    assert text == (
        f"<target iqn.2010-10.org.openstack:volume-{VOLUME_ID}>\n"
        f"  <backing-store /pool/{VOLUME_ID}>\n"
        "    lun 1\n"
        "    params thin_provisioning=1\n"
        "  </backing-store>\n"
        "  incominguser user word\n"
        "  initiator-address 192.0.2.20\n"
        "</target>\n"
    )


@pytest.mark.parametrize("volume_id", ["", "../../etc/passwd", "x>\n<target y"])
def test_a_volume_that_is_no_uuid_names_no_target(volume_id):
    with pytest.raises(ValueError, match="badly formed"):
        target_name(volume_id)


def test_a_request_has_the_size_that_tgtd_expects():
    assert REQUEST.size == 120
