"""libvirt documents, compared with those in `golden/`, which were read by a person and accepted by a real libvirt."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import domain_xml
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_xml import Host, ServerFiles

GOLDEN = Path(__file__).parent / "golden"
SERVER_ID = "2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11"
VOLUME_ID = "0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001"
FILES = ServerFiles(
    console_log="/servers/x/console.log", disk="/servers/x/disk.qcow2", config_drive="/servers/x/cd.iso"
)
HOSTILE = [
    "</name><devices/>",
    "{{ lookup('pipe', 'id') }}",
    "; rm -rf /",
    "../../etc",
    "]]><!--",
    '"&lt;',
    "Ж🦔",
    "a" * 1_000_000,
]


@pytest.fixture
def port():
    return {"id": "1f0c7c58-6d52-4d1b-b1a5-6d1b6a0d7f01", "mac_address": "fa:16:3e:00:00:01", "mtu": 1442}


@pytest.fixture
def volume():
    return {
        "id": VOLUME_ID,
        "device": "/dev/vdb",
        "iqn": f"iqn.2010-10.org.openstack:volume-{VOLUME_ID}",
        "portal_host": "192.0.2.10",
        "portal_port": 3260,
        "chap_username": "0d7e3c57",
        "chap_password": "not-in-any-document",
        "boot_index": None,
    }


@pytest.fixture
def server(port):
    return {"id": SERVER_ID, "name": "web", "vcpus": 2, "memory_mib": 512, "ports": [port], "volumes": []}


def same_as_golden(document, name):
    """Whether a document and the golden one are the same XML, whatever the white space between their elements."""
    golden = (GOLDEN / name).read_text()
    return ET.canonicalize(document, strip_text=True) == ET.canonicalize(golden, strip_text=True)


def test_a_server_with_an_image_on_kvm(server):
    assert same_as_golden(domain_xml.domain_document(server, Host("kvm"), FILES), "server-kvm.xml")


def test_a_server_that_boots_from_a_volume_on_tcg_and_the_userspace_datapath(server, volume):
    server["volumes"] = [volume | {"device": "/dev/vda", "boot_index": 0}, volume | {"id": SERVER_ID}]
    files = ServerFiles(console_log="/servers/x/console.log")
    document = domain_xml.domain_document(server, Host("qemu", userspace_datapath=True), files)
    assert same_as_golden(document, "server-volume-tcg.xml")


def test_the_secret_of_a_volume_does_not_hold_its_value(volume):
    document = domain_xml.volume_secret_document(volume)
    assert same_as_golden(document, "volume-secret.xml")
    assert volume["chap_password"] not in document


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:20])
def test_a_name_is_text_whatever_it_says(server, name):
    document = domain_xml.domain_document(server | {"name": name}, Host(), FILES)
    domain = ET.fromstring(document)
    assert domain.findtext(f"metadata/*/{{{domain_xml.METADATA_NAMESPACE}}}name") == name
    assert len(domain.findall("devices")) == 1
    assert len(domain.findall("name")) == 1


@pytest.mark.parametrize("name", ["a\0b", "\x1b[31m", "\x0b", "\ufffe", "\ud800"], ids=repr)
def test_a_name_that_xml_cannot_hold_is_refused_by_its_place(server, name):
    with pytest.raises(
        ValueError, match=rf"the name of server {SERVER_ID} has the character U\+[0-9A-F]{{4}} at position"
    ):
        domain_xml.domain_document(server | {"name": name}, Host(), FILES)


def test_the_digest_tells_one_definition_from_another(server):
    first = domain_xml.domain_document(server, Host(), FILES)
    assert domain_xml.document_digest(first) == domain_xml.document_digest(
        domain_xml.domain_document(server, Host(), FILES)
    )
    larger = domain_xml.domain_document(server | {"memory_mib": 1024}, Host(), FILES)
    assert domain_xml.document_digest(first) != domain_xml.document_digest(larger)
    assert domain_xml.document_digest("<domain><name>other</name></domain>") is None


def test_the_digest_stands_for_what_does_not_change_while_a_server_runs(server, volume):
    first = domain_xml.document_digest(domain_xml.domain_document(server, Host(), FILES))
    for changed in ({"name": "another"}, {"volumes": [volume]}):
        assert domain_xml.document_digest(domain_xml.domain_document(server | changed, Host(), FILES)) == first


def test_every_interface_and_disk_has_a_root_port_and_some_are_left_for_later(server, port, volume):
    server["ports"] = [port] * 5
    server["volumes"] = [volume] * 4
    domain = ET.fromstring(domain_xml.domain_document(server, Host(), FILES))
    root_ports = domain.findall("devices/controller[@model='pcie-root-port']")
    assert len(root_ports) >= 5 + 4 + domain_xml.SPARE_ROOT_PORTS
    assert [each.get("index") for each in root_ports] == [str(n) for n in range(1, 1 + len(root_ports))]


def test_attached_volumes_are_found_by_their_serial(server, volume):
    server["volumes"] = [volume]
    document = domain_xml.domain_document(server, Host(), FILES)
    found = domain_xml.attached_volumes(document)
    assert list(found) == [VOLUME_ID]
    assert (found[VOLUME_ID]["device"], found[VOLUME_ID]["iqn"]) == ("vdb", volume["iqn"])
    assert domain_xml.used_devices(document) == {"vda", "vdb", "sda"}


@pytest.mark.parametrize(("device", "name"), [("/dev/vdb", "vdb"), ("vdaa", "vdaa")])
def test_a_device_is_named_with_or_without_its_folder(device, name):
    assert domain_xml.device_name(device) == name


@pytest.mark.parametrize("device", ["", "/dev/sda", "vd", "/dev/../vdb", "vdb'/>", "vdb\n"])
def test_a_device_that_is_no_virtio_disk_is_refused(device):
    with pytest.raises(ValueError, match="is no virtio disk; valid are /dev/vda to /dev/vdzz"):
        domain_xml.device_name(device)


def test_domains_that_are_no_servers_are_left_alone():
    assert domain_xml.server_id_of(domain_xml.domain_name(SERVER_ID)) == SERVER_ID
    assert domain_xml.server_id_of("windows") is None
    assert domain_xml.server_id_of("server-") is None
