"""The settings of an OVSDB server's global row, against real servers."""

import pytest


@pytest.fixture
def settings(run_module, ovn):
    """Call it with options: the module, on the private northbound database unless told otherwise."""

    def run(check=False, **options):
        return run_module(
            "ovsdb_settings", check=check, **{"database": "OVN_Northbound", "connection": ovn.northbound, **options}
        )

    return run


def options_of(ovn):
    """The options of the northbound database."""
    return dict(ovn.rows("NB_Global")[0]["options"][1])


def test_sets_the_named_keys_and_leaves_the_others(settings, ovn):
    settings(maps={"options": {"mine": "1"}})
    answer = settings(maps={"options": {"mac_prefix": "fa:16:3e", "use_logical_dp_groups": True, "mine": None}})
    assert answer["changed"]
    found = options_of(ovn)
    assert (found["mac_prefix"], found["use_logical_dp_groups"]) == ("fa:16:3e", "true")
    assert "mine" not in found
    assert settings(maps={"options": {"another": 2}})["changed"]
    assert options_of(ovn)["mac_prefix"] == "fa:16:3e"


def test_second_run_and_check_mode_change_nothing(settings, ovn):
    wanted = {"options": {"mac_prefix": "0a:00:00"}}
    answer = settings(check=True, maps=wanted)
    assert answer["changed"]
    assert answer["after"]["maps"] == wanted
    assert options_of(ovn).get("mac_prefix") != "0a:00:00"
    settings(maps=wanted)
    assert not settings(maps=wanted)["changed"]


def test_listeners_take_the_place_of_all_others(settings, ovn):
    south = {"database": "OVN_Southbound", "connection": ovn.southbound}
    first = [{"target": "pssl:0:127.0.0.1", "role": "ovn-controller"}, {"target": "pssl:0:127.0.0.2"}]
    assert settings(**south, listeners=first)["changed"]
    assert not settings(**south, listeners=list(reversed(first)))["changed"]
    assert settings(**south, listeners=first[:1])["changed"]
    rows = ovn.rows("Connection", side="sb")
    assert [(row["target"], row["role"]) for row in rows] == [("pssl:0:127.0.0.1", "ovn-controller")]
    assert settings(**south, listeners=[])["changed"]
    assert ovn.rows("Connection", side="sb") == []


def test_values_are_data(settings, ovn):
    hostile = "'; rm -rf / # \" $(id) {{ 7 * 7 }}".replace("{{", "{ {")
    settings(maps={"options": {"mine": hostile}})
    assert options_of(ovn)["mine"] == hostile
    settings(maps={"options": {"mine": None}})


def test_a_server_that_is_not_there_is_an_error_but_not_in_check_mode(run_module, tmp_path):
    absent = {"database": "OVN_Northbound", "connection": f"unix:{tmp_path}/none", "deadline": 1}
    wanted = {"options": {"a": "b"}}
    failed = run_module("ovsdb_settings", **absent, maps=wanted)
    assert failed["failed"]
    assert "cannot be reached" in failed["msg"]
    assert run_module("ovsdb_settings", check=True, **absent, maps=wanted)["changed"]
