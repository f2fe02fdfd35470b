"""Documents of rows, and the operations that lead from one to the other."""

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import (
    Link,
    Parent,
    Row,
    comparison,
    operations,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import NamedUuid, Uuid, decode, encode

SWITCH = Uuid("11111111-1111-1111-1111-111111111111")
PORT = Uuid("22222222-2222-2222-2222-222222222222")


def switch(uuid=None, **external_ids):
    return Row("Logical_Switch", {"name": "neutron-n", "external_ids": external_ids}, uuid=uuid)


def port(uuid=None, **columns):
    return Row("Logical_Switch_Port", {"name": "p", **columns}, Parent("ports", label="switch"), uuid)


def kinds(result):
    return [(operation["op"], operation["table"]) for operation in result.changes]


def test_a_new_document_is_inserted_with_its_children():
    result = operations(None, {"switch": switch(), "port": port(tag=None)})
    parent, child = result.changes
    assert kinds(result) == [("insert", "Logical_Switch"), ("insert", "Logical_Switch_Port")]
    assert parent["row"]["ports"] == ["set", [["named-uuid", child["uuid-name"]]]]
    assert child["row"] == {"name": "p"}


def test_an_insert_fails_when_another_run_was_faster():
    (wait,) = operations(None, {"switch": switch()}).waits
    assert wait == {
        "op": "wait",
        "timeout": 0,
        "table": "Logical_Switch",
        "where": [["name", "==", "neutron-n"]],
        "columns": ["_uuid"],
        "until": "==",
        "rows": [],
    }


def test_a_child_of_somebody_elses_row_is_put_into_it():
    row = Row("NAT", {"type": "snat"}, Parent("nat", table="Logical_Router", name="neutron-r"))
    result = operations(None, {"nat": row})
    assert kinds(result) == [("insert", "NAT"), ("mutate", "Logical_Router")]
    assert result.changes[1]["where"] == [["name", "==", "neutron-r"]]
    assert result.waits[0]["until"] == "!="


def test_equal_documents_need_nothing():
    have = {"switch": switch(SWITCH, a="1", **{"neutron:x": "2"}), "port": port(PORT, tag=[], addresses="unknown")}
    want = {"switch": switch(**{"neutron:x": "2"}), "port": port(tag=None, addresses=["unknown"])}
    before, after = comparison(have, want)
    assert before == after
    assert operations(have, want).changes == []


def test_a_shared_map_keeps_what_others_wrote():
    have = {"switch": switch(SWITCH, theirs="1", **{"neutron:old": "2", "neutron:kept": "3", "tenrec:changed": "4"})}
    want = {"switch": switch(**{"neutron:kept": "3", "tenrec:changed": "5", "neutron:new": "6"})}
    result = operations(have, want)
    mutations = [mutation for change in result.changes for mutation in change["mutations"]]
    assert mutations == [
        ["external_ids", "delete", ["set", ["neutron:old", "tenrec:changed"]]],
        ["external_ids", "insert", ["map", [["neutron:new", "6"], ["tenrec:changed", "5"]]]],
    ]


def test_a_map_of_our_own_is_replaced():
    have = {"dhcp": Row("DHCP_Options", {"options": {"mtu": "1442", "router": "10.0.0.1"}}, uuid=SWITCH)}
    want = {"dhcp": Row("DHCP_Options", {"options": {"mtu": "1500"}})}
    (change,) = operations(have, want).changes
    assert (change["op"], change["row"]) == ("update", {"options": ["map", [["mtu", "1500"]]]})


def test_only_the_columns_that_differ_are_written():
    have = {"switch": switch(SWITCH), "port": port(PORT, addresses=["a", "b"], enabled=True)}
    want = {"switch": switch(), "port": port(addresses=["b", "c"], enabled=True)}
    (change,) = operations(have, want).changes
    assert change["row"] == {"addresses": ["set", ["b", "c"]]}
    assert change["where"] == [["_uuid", "==", ["uuid", str(PORT)]]]


def test_a_key_of_a_map_goes_when_it_is_wanted_away():
    have = {"switch": switch(SWITCH), "port": port(PORT, options={"gateway_mtu": "1442", "else": "x"})}
    want = {"switch": switch(), "port": port(options={"gateway_mtu": None})}
    (change,) = operations(have, want).changes
    assert change["mutations"] == [["options", "delete", ["set", ["gateway_mtu"]]]]


def test_a_root_row_is_deleted_and_takes_its_children_along():
    result = operations({"switch": switch(SWITCH), "port": port(PORT)}, None)
    assert kinds(result) == [("delete", "Logical_Switch")]


def test_a_child_is_taken_out_of_the_parent_that_stays():
    result = operations({"switch": switch(SWITCH), "port": port(PORT)}, {"switch": switch()})
    assert kinds(result) == [("mutate", "Logical_Switch")]
    assert result.changes[0]["mutations"] == [["ports", "delete", ["set", [["uuid", str(PORT)]]]]]


def test_links_follow_the_row_that_they_point_to():
    member = {"in web": Link("Port_Group", "pg_web", "ports", "port")}
    have = {"switch": switch(SWITCH), "port": port(PORT)}
    want = {"switch": switch(), "port": port()}
    (joined,) = operations(have, want | member).changes
    (left,) = operations(have | member, want).changes
    assert joined["mutations"] == [["ports", "insert", ["set", [["uuid", str(PORT)]]]]]
    assert left["mutations"] == [["ports", "delete", ["set", [["uuid", str(PORT)]]]]]
    new = operations({"switch": switch(SWITCH)}, want | member)
    names = [change["uuid-name"] for change in new.changes if change["op"] == "insert"]
    assert new.changes[-1]["mutations"] == [["ports", "insert", ["set", [["named-uuid", names[0]]]]]]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("text", "text"),
        (7, 7),
        (True, True),
        (None, ["set", []]),
        ([], ["set", []]),
        (["b", "a"], ["set", ["a", "b"]]),
        ({"k": "v", "a": "{{ x }}"}, ["map", [["a", "{{ x }}"], ["k", "v"]]]),
        (Uuid("u"), ["uuid", "u"]),
        (NamedUuid("row_1"), ["named-uuid", "row_1"]),
    ],
)
def test_values_are_encoded_as_rfc_7047_has_them(value, encoded):
    assert encode(value) == encoded


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        (["set", []], []),
        (["set", ["b", "a"]], ["a", "b"]),
        (["map", [["k", "v"]]], {"k": "v"}),
        (["set", [["uuid", "u"]]], [Uuid("u")]),
        ("one", "one"),
    ],
)
def test_values_are_decoded(encoded, value):
    decoded = decode(encoded)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
@pytest.mark.parametrize("place", ["{}", "[{}]", "map"])
def test_what_the_database_cannot_hold_is_refused(text, place):
    value = {"name": text} if place == "map" else [text] if "[" in place else text
    with pytest.raises(ValueError, match="a string"):
        encode(value)
