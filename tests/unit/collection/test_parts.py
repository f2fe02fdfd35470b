"""The filters for items that are made of parts."""

from ansible_collections.tenrec.cloud.plugins.filter.parts import parts
from ansible_collections.tenrec.cloud.plugins.filter.sound import sound

IMAGE = {"id": "image", "url": "{{ 7 * 7 }}"}
SERVERS = [
    {"id": "a", "image": IMAGE, "ports": [{"id": "p1"}, {"id": "p2"}]},
    {"id": "b", "image": dict(IMAGE), "ports": []},
    {"id": "c", "image": None, "ports": [{"id": "p3"}]},
]


def test_parts_come_once_and_in_their_order():
    assert [port["id"] for port in parts(SERVERS, "ports")] == ["p1", "p2", "p3"]
    assert parts(SERVERS, "image") == [IMAGE]
    assert parts(SERVERS, "image")[0] is IMAGE
    assert parts(SERVERS, "volumes") == []


def test_an_item_fails_with_its_part():
    ports = {"results": [{"id": "p1", "changed": True}, {"id": "p2", "error": "no"}, {"id": "p3", "changed": False}]}
    assert sound(SERVERS, "ports", ports) == SERVERS[1:]


def test_an_item_fails_with_its_own_error():
    assert sound(SERVERS, "ports", {"results": [{"id": "c", "error": "no"}]}) == SERVERS[:2]


def test_what_was_skipped_has_failed_nothing():
    assert sound(SERVERS, "ports", {"skipped": True}) == SERVERS
    assert sound(SERVERS, "ports", []) == SERVERS


def test_the_results_of_several_hosts_count_together():
    hosts = [{"results": [{"id": "p3", "error": "no"}]}, {"results": [{"id": "image", "error": "no"}]}]
    assert sound(SERVERS, "ports", hosts) == SERVERS[:2]
    assert sound(SERVERS, "image", hosts) == [SERVERS[2]]
