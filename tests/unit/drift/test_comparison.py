"""What is found when the hosts' answers are held against what the database wants."""

import pytest

from tenrec_api.orchestration.reconcile import tidy
from tenrec_api.services.drift.comparison import Found, Known, of_diffs, of_survey

ONE, TWO, THREE = (f"0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a00{number}" for number in (1, 2, 3))
SERVER = {"state": "running", "definition": "d", "volumes": {}, "folder": True, "disk": True, "config_drive": True}


def diff(kind, before, after, host="node1"):
    return {"host": host, "task": "Do it", "before_header": f"{kind} {ONE}", "before": before, "after": after}


def one(*args, **kwargs):
    (found,) = of_diffs([diff(*args, **kwargs)])
    return found


def test_what_has_no_rows_is_missing():
    found = one("LogicalPort", {}, {"port": {"name": ONE}})
    assert found == Found("port", ONE, "node1", "missing", "it is not there", repairable=True)


def test_what_has_other_rows_is_changed_and_the_detail_says_how():
    before = {"port": {"enabled": True, "name": ONE}, "member of pg_x": True}
    after = {"port": {"enabled": False, "name": ONE}, "member of pg_y": True}
    found = one("LogicalPort", before, after)
    assert (found.problem, found.repairable) == ("changed", True)
    assert found.detail == (
        "member of pg_x should not be there; member of pg_y is not there; port.enabled is True, not False"
    )


def test_a_detail_has_bounds():
    found = one("LogicalSwitch", {str(each): "x" * 500 for each in range(50)}, {str(each): 1 for each in range(50)})
    assert len(found.detail) == 1000
    assert "…" in found.detail


@pytest.mark.parametrize(
    ("before", "problem", "repairable"),
    [
        (SERVER | {"state": "shutoff"}, "changed", True),
        (SERVER | {"state": "absent", "definition": None}, "missing", True),
        (SERVER | {"disk": False}, "missing", False),
        ({}, "missing", False),
    ],
    ids=["destroyed", "undefined", "without its disk", "gone altogether"],
)
def test_a_server_is_repaired_as_long_as_its_disk_is_there(before, problem, repairable):
    found = one("ServerDomain", before, SERVER)
    assert (found.resource_type, found.problem, found.repairable) == ("server", problem, repairable)
    assert repairable or "root disk" in found.detail


def test_a_server_that_boots_from_a_volume_has_no_disk_to_lose():
    assert one("ServerDomain", {}, SERVER | {"disk": False}).repairable


def test_diffs_of_other_makes_are_left_out():
    assert list(of_diffs([diff("File", {}, {"x": 1}), {"before": "a", "after": "b", "host": "node1"}])) == []


def known(**values):
    return Known(northbound={"port": {ONE}, "network": set()}, **values)


def of_node1(known, **facts):
    return {
        (each.resource_type, each.resource_id, each.problem, each.repairable)
        for each in of_survey({"node1": facts}, known)
    }


def test_rows_of_nobody_are_orphans():
    found = of_node1(known(), northbound={"port": [ONE, TWO], "network": [THREE]})
    assert found == {("port", TWO, "orphaned", False), ("network", THREE, "orphaned", False)}


def test_files_of_volumes_are_compared_by_their_size_and_never_made_anew():
    wanted = {ONE: ("node1", 5), TWO: ("node1", 5), THREE: ("node2", 5)}
    files = [{"id": ONE, "size": 4}, {"id": "other", "size": 1}]
    found = of_node1(known(volumes=wanted, any_volumes=set(wanted)), volumes=files)
    assert found == {
        ("volume", ONE, "changed", False),
        ("volume", TWO, "missing", False),
        ("volume", "other", "orphaned", False),
    }
    assert of_node1(known(volumes=wanted, any_volumes=set(wanted))) == set(), "a host that said nothing lacks nothing"


def test_files_of_images_are_compared_by_their_size():
    files = [{"id": ONE, "size": 4}, {"id": THREE, "size": 1}]
    found = of_node1(known(images={ONE: 5, TWO: 5}, any_images={ONE, TWO}), images=files)
    assert found == {
        ("image", ONE, "changed", False),
        ("image", TWO, "missing", False),
        ("image", THREE, "orphaned", False),
    }


def test_exports_that_no_attachment_wants_are_orphans():
    assert of_node1(known(attached={ONE}), exports=[ONE, TWO]) == {("export", TWO, "orphaned", False)}


def test_domains_of_others_are_named_and_left_alone_and_ours_are_removed():
    found = of_node1(
        known(servers={ONE: "node1", TWO: "node2"}, deleted_servers={THREE}),
        domains=[{"id": ONE}, {"id": TWO}, {"id": THREE}, {"id": "never-heard-of"}],
        server_folders=[ONE, THREE],
        stray_domains=["windows"],
    )
    assert found == {
        ("server", TWO, "orphaned", False),
        ("server", THREE, "orphaned", True),
        ("server", "never-heard-of", "orphaned", False),
        ("domain", "windows", "orphaned", False),
    }


def test_each_thing_is_found_once_and_not_while_it_changes():
    port = Found("port", ONE, "node1", "missing", "first", True)
    found = [
        port,
        Found("port", ONE, "node1", "missing", "again", True),
        Found("port", ONE, "node1", "failed", "cannot be looked at"),
        Found("port", TWO, "node1", "changed", "being changed", True),
        Found("router", THREE, "node1", "failed", "no answer"),
    ]
    assert tidy(found, {TWO}) == [port, found[-1]]
