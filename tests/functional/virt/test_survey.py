"""What the playbook `reconcile` sees on a host, and that what was just made is no drift."""

import uuid

import pytest

from tenrec_api.services.drift.comparison import of_diffs
from tests.functional.ovn.tenant import STORY


@pytest.fixture
def cloud(playbooks, ovn, tgt, host):
    ovn.add_chassis("gateway", gateway=True)
    return playbooks(
        tenrec_ovn={"northbound": ovn.northbound, "southbound": ovn.southbound, "sync": "northd"},
        tenrec_northbound_info={"northbound": ovn.northbound},
        tenrec_domain_info={"uri": host.domain["uri"], "servers": str(host.servers)},
        tenrec_image_info={"images": str(host.images)},
        tenrec_storage_info={"pool": str(host.pool), "tgt": str(tgt.socket)},
        tenrec_volume_export={
            "pool": str(host.pool),
            "tgt": str(tgt.socket),
            "configuration": str(host.configuration),
        },
        tenrec_volume={"pool": str(host.pool), "tgt": str(tgt.socket), "image_cache": str(host.image_cache)},
    )


def survey(cloud):
    result = cloud.rehearse("reconcile", [], {})
    assert result.status == "successful", result.output
    return result.hosts["node"]


def test_an_empty_host_has_nothing_but_what_is_not_ours(cloud):
    facts = survey(cloud)
    assert (facts["images"], facts["volumes"], facts["exports"]) == ([], [], [])
    assert (facts["domains"], facts["stray_domains"], facts["server_folders"]) == ([], ["test"], [])
    assert set(facts["northbound"]) == {"network", "router", "port", "security_group", "floating_ip"}
    assert not any(facts["northbound"].values())
    assert facts["boot"]


def test_what_was_applied_is_seen_and_is_no_drift(cloud, host):
    for noun, items in STORY:
        result = cloud.run(f"{noun}_apply", items)
        assert result.status == "successful", result.output
    seen = survey(cloud)["northbound"]
    for noun, items in STORY:
        assert {item["id"] for item in items} <= set(seen[noun]), noun
        assert list(of_diffs(cloud.rehearse(f"{noun}_apply", items).diffs)) == []
    ports = dict(STORY)["port"]
    cloud.run("port_delete", ports)
    found = list(of_diffs(cloud.rehearse("port_apply", ports).diffs))
    assert [(each.subject, each.problem) for each in found] == [(("port", each["id"]), "missing") for each in ports]


def test_volumes_exports_and_images_are_listed(cloud, host):
    volume, image, server = (str(uuid.uuid4()) for _ in range(3))
    (host.images / image).write_bytes(b"123")
    (host.images / f".{image}.part").write_bytes(b"1")
    (host.servers / server).mkdir()
    (host.pool / volume).write_bytes(b"12345")
    export = {"id": volume, "chap_username": "user", "chap_password": "password"}
    result = cloud.run("volume_attach", [export], {"storage": "node", "compute": "nobody"})
    facts = survey(cloud)
    assert facts["volumes"] == [{"id": volume, "size": 5}]
    assert facts["exports"] == [volume], result.output
    assert facts["images"] == [{"id": image, "size": 3}]
    assert facts["server_folders"] == [server]
