"""A volume's way into a domain and out of it, with a domain that is two documents and a guest that takes its time.

libvirt's own test driver knows neither secrets nor attaching; the real thing is tried by the acceptance tests.
"""

import importlib
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import domain_attachment
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import COMMON_ARGUMENTS, Convergence
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_attachment import DomainVolume

libvirt = importlib.import_module("ansible_collections.tenrec.cloud.plugins.module_utils.libvirt_host")
VOLUME_ID = "0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001"
SERVER_ID = "2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11"
EMPTY = "<domain><devices><disk type='file'><target dev='vda'/></disk></devices></domain>"


class Domain:
    """A domain: `next` and `now` are its documents; its guest releases a disk when asked for the `deaf + 1`-th time."""

    def __init__(self, active=True, deaf=0):
        self.documents = {"next": EMPTY, "now": EMPTY}
        self.active = active
        self.deaf = deaf
        self.asked = 0

    def isActive(self):
        return int(self.active)

    def change(self, scope, change):
        domain = ET.fromstring(self.documents[scope])
        change(domain.find("devices"))
        self.documents[scope] = ET.tostring(domain, encoding="unicode")

    def volumes(self, scope):
        return [
            disk.findtext("serial") for disk in ET.fromstring(self.documents[scope]).iterfind("devices/disk[serial]")
        ]


class Libvirt:
    """The door to libvirt, with one domain behind it."""

    def __init__(self, domain):
        self.domain = domain
        self.secrets = {}
        self.refuse = None

    def close(self):
        pass

    def find(self, server_id):
        return self.domain if server_id == SERVER_ID else None

    def has_volume_secret(self, iqn):
        return iqn in self.secrets

    def set_volume_secret(self, volume):
        self.secrets[volume["iqn"]] = volume["chap_password"]

    def remove_volume_secret(self, iqn):
        self.secrets.pop(iqn, None)

    def attach(self, domain, document, now):
        scope = "now" if now else "next"
        if self.refuse == scope:
            raise RuntimeError("libvirt says no")
        domain.change(scope, lambda devices: devices.append(ET.fromstring(document)))

    def detach(self, domain, document, now):
        scope = "now" if now else "next"
        if now:
            domain.asked += 1
            if domain.asked <= domain.deaf:
                return
        serial = ET.fromstring(document).findtext("serial")

        def remove(devices):
            for disk in devices.findall("disk"):
                if disk.findtext("serial") == serial:
                    devices.remove(disk)

        domain.change(scope, remove)


@pytest.fixture
def domain():
    return Domain()


@pytest.fixture
def door(domain, monkeypatch):
    made = Libvirt(domain)
    monkeypatch.setattr(libvirt, "LibvirtHost", lambda _uri: made)
    monkeypatch.setattr(libvirt, "live_document", lambda each: each.documents["now"])
    monkeypatch.setattr(libvirt, "persistent_document", lambda each: each.documents["next"])
    monkeypatch.setattr(libvirt, "attach_device", made.attach)
    monkeypatch.setattr(libvirt, "detach_device", made.detach)
    monkeypatch.setattr(domain_attachment, "ASK_AGAIN_SECONDS", 0.05)
    return made


@pytest.fixture
def item():
    return {
        "id": VOLUME_ID,
        "server_id": SERVER_ID,
        "device": "/dev/vdb",
        "iqn": f"iqn.2010-10.org.openstack:volume-{VOLUME_ID}",
        "portal_host": "192.0.2.10",
        "chap_username": "user",
        "chap_password": "a-long-password",
    }


@pytest.fixture
def converge(door):
    def run(items, state="present", deadline=5, check_mode=False):
        parameters = {**dict.fromkeys(COMMON_ARGUMENTS), "uri": "", "state": state, "items": items}
        resource = DomainVolume(parameters, Deadline(deadline), check_mode)
        resource.open()
        return Convergence(resource).run(items)

    return run


def test_a_volume_is_attached_now_and_for_the_next_start(converge, door, domain, item):
    assert converge([item])["results"] == [{"id": VOLUME_ID, "changed": True}]
    assert (domain.volumes("now"), domain.volumes("next")) == ([VOLUME_ID], [VOLUME_ID])
    assert door.secrets == {item["iqn"]: "a-long-password"}
    outcome = converge([item])
    assert (outcome["changed"], outcome["diff"]) == (False, [])


def test_a_server_that_is_off_gets_it_at_its_next_start(converge, domain, item):
    domain.active = False
    assert converge([item])["changed"] is True
    assert (domain.volumes("now"), domain.volumes("next")) == ([], [VOLUME_ID])
    assert converge([item])["changed"] is False


def test_what_a_dead_run_left_half_attached_is_finished(converge, door, domain, item):
    converge([item])
    domain.documents["next"] = EMPTY
    assert converge([item])["changed"] is True
    assert (domain.volumes("now"), domain.volumes("next")) == ([VOLUME_ID], [VOLUME_ID])


def test_a_volume_that_cannot_be_attached_leaves_nothing(converge, door, domain, item):
    door.refuse = "next"
    assert converge([item])["results"][0]["error"] == "RuntimeError: libvirt says no"
    assert (domain.volumes("now"), domain.volumes("next"), door.secrets) == ([], [], {})


def test_a_guest_that_does_not_listen_is_asked_again(converge, door, domain, item):
    converge([item])
    domain.deaf = 3
    assert converge([item], state="absent")["results"] == [{"id": VOLUME_ID, "changed": True}]
    assert domain.asked == 4
    assert (domain.volumes("now"), domain.volumes("next"), door.secrets) == ([], [], {})
    assert converge([item], state="absent")["changed"] is False


def test_a_guest_that_never_lets_go_keeps_its_volume(converge, door, domain, item):
    converge([item])
    domain.deaf = 1000
    error = converge([item], state="absent", deadline=0.3)["results"][0]["error"]
    assert error == f"the guest of server {SERVER_ID} did not release volume {VOLUME_ID} in time"
    assert (domain.volumes("now"), domain.volumes("next")) == ([VOLUME_ID], [VOLUME_ID])
    assert door.secrets


def test_a_server_that_is_gone_leaves_only_the_secret_to_remove(converge, door, item):
    door.secrets[item["iqn"]] = "x"
    gone = item | {"server_id": VOLUME_ID}
    assert converge([gone], state="absent")["changed"] is True
    assert door.secrets == {}
    assert converge([gone], state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"server_id": VOLUME_ID}, f"server {VOLUME_ID} is not defined on this host"),
        ({"device": "/dev/vda"}, f"device vda of server {SERVER_ID} is in use by another disk"),
        ({"device": "/dev/sda"}, "device '/dev/sda' is no virtio disk; valid are /dev/vda to /dev/vdzz"),
        ({"chap_password": None}, f"volume {VOLUME_ID} cannot be attached without chap_password"),
    ],
)
def test_a_wrong_item_says_what_is_wrong(converge, door, domain, item, changes, error):
    assert converge([item | changes])["results"][0]["error"] == error
    assert (domain.volumes("now"), domain.volumes("next"), door.secrets) == ([], [], {})


def test_check_mode_attaches_nothing(converge, door, domain, item):
    assert converge([item], check_mode=True)["changed"] is True
    assert (domain.volumes("now"), door.secrets) == ([], {})
