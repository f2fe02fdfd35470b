"""Every way in which a real playbook run ends, and what the runner makes of it."""

import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from tenrec_api.orchestration import leftovers


def test_every_item_gets_the_facts_of_its_modules(runner):
    result = runner.run("report", [{"id": "one", "size": 1}, {"id": "two", "size": 2}], {}, 60)
    assert result.status == "successful" and result.fault is None
    assert {identity: outcome.fault for identity, outcome in result.outcomes.items()} == {"one": None, "two": None}
    assert result.outcomes["two"].facts["received"] == {"id": "two", "size": 2}
    assert result.outcomes["two"].changed


def test_an_item_that_fails_leaves_the_others_alone(runner):
    result = runner.run("report", [{"id": "good"}, {"id": "bad", "error": "no such image"}], {}, 60)
    assert result.outcomes["good"].fault is None
    fault = result.outcomes["bad"].fault
    assert (fault.task, fault.host, fault.message, fault.own, fault.transient) == (
        "Report what arrived", "alpha", "no such image", True, False
    )  # fmt: skip


def test_the_last_item_that_fails_keeps_its_own_message(runner):
    result = runner.run("report", [{"id": "bad", "error": "no such image"}], {}, 60)
    assert result.status == "failed"
    assert result.outcomes["bad"].fault.message == "no such image"


def test_the_first_task_that_failed_an_item_is_the_one_that_is_named(runner):
    items = [{"id": "a", "error": "first", "second_error": "second"}, {"id": "b"}]
    result = runner.run("two_steps", items, {"storage": "beta"}, 60)
    assert result.outcomes["a"].fault.task == "Do the first step"
    assert (result.outcomes["b"].fault.task, result.outcomes["b"].fault.host) == ("Do the second step", "beta")


def test_a_play_that_this_run_does_not_have_is_left_out(runner):
    result = runner.run("two_steps", [{"id": "a", "second_error": "never"}], {}, 60)
    assert result.status == "successful" and result.outcomes["a"].fault is None


def test_a_task_that_fails_as_a_whole_fails_every_item_and_hides_secrets(runner):
    items = [{"id": "one", "token": "swordfish"}, {"id": "two", "error": "own fault"}]
    result = runner.run("fails", items, {}, 60)
    assert result.outcomes["one"].fault.task == "Give up"
    assert result.outcomes["one"].fault.message == "the disk is full, says ********"
    assert not result.outcomes["one"].fault.own
    assert result.outcomes["two"].fault.message == "own fault"
    assert "swordfish" not in result.output


def test_a_failure_that_the_playbook_rescues_is_none(runner):
    result = runner.run("rescued", [{"id": "one"}], {}, 60)
    assert result.status == "successful" and result.outcomes["one"].fault is None


def test_a_host_that_cannot_be_reached_may_be_tried_again(runner):
    result = runner.run("unreachable", [{"id": "one"}], {"compute": "gone"}, 60)
    fault = result.outcomes["one"].fault
    assert (fault.task, fault.host, fault.transient) == ("Start the domain", "gone", True)
    assert "127.0.0.1" in fault.message


def test_a_play_without_a_host_is_a_failure(runner):
    result = runner.run("unreachable", [{"id": "one"}], {"compute": "retired"}, 60)
    assert "No host matches 'retired'" in result.outcomes["one"].fault.message


def test_a_playbook_that_does_not_parse_fails_with_its_message(runner):
    fault = runner.run("bad_yaml", [{"id": "one"}], {}, 60).outcomes["one"].fault
    assert fault.task == "Read the playbook" and "YAML" in fault.message


def test_a_playbook_that_is_not_there_fails_by_name(runner):
    fault = runner.run("no_such_thing", [{"id": "one"}], {}, 60).outcomes["one"].fault
    assert "no_such_thing" in fault.message


def test_an_item_of_which_no_task_speaks_has_failed(runner):
    result = runner.run("silent", [{"id": "one"}], {}, 60)
    assert "without a word" in result.outcomes["one"].fault.message


def test_hosts_answer_for_themselves_when_there_are_no_items(runner):
    result = runner.run("observe", [], {}, 60)
    assert result.hosts["alpha"] == {"domains": [{"id": "d1", "state": "running"}]}
    assert result.hosts["beta"] == result.hosts["alpha"]
    assert result.host_faults["gone"].transient


def alive(pid_file: Path) -> bool:
    try:
        return Path(f"/proc/{int(pid_file.read_text())}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def test_a_run_that_takes_too_long_is_stopped_with_all_its_processes(runner, tmp_path):
    pid_file = tmp_path / "pid"
    began = time.monotonic()
    result = runner.run("waits", [{"id": "one", "pid_file": str(pid_file)}], {}, 15)
    assert time.monotonic() - began < 60
    assert result.status == "timeout"
    fault = result.outcomes["one"].fault
    assert fault.task == "Wait for ever" and "15 seconds" in fault.message
    assert pid_file.exists() and not alive(pid_file)


def test_a_run_is_cancelled_soon_with_all_its_processes(runner, tmp_path):
    pid_file = tmp_path / "pid"
    result = runner.run("waits", [{"id": "one", "pid_file": str(pid_file)}], {}, 300, cancelled=pid_file.exists)
    assert result.status == "canceled"
    assert "cancelled" in result.outcomes["one"].fault.message
    assert not alive(pid_file)


def test_a_run_whose_ansible_was_killed_may_be_tried_again(runner, settings, tmp_path):
    pid_file = tmp_path / "pid"

    def kill():
        if pid_file.exists():
            leftovers.end_processes(Path(settings.run_directory))
        return False

    result = runner.run("waits", [{"id": "one", "pid_file": str(pid_file)}], {}, 60, cancelled=kill)
    fault = result.outcomes["one"].fault
    assert result.status == "failed" and fault.transient, fault
    assert not alive(pid_file)


def test_two_runs_at_once_do_not_mix(runner):
    results = {}

    def run(name):
        results[name] = runner.run("report", [{"id": name, "text": name * 100}], {}, 60)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("left", "right"):
        assert results[name].outcomes[name].facts["received"]["text"] == name * 100


EVIL = [
    "{{ lookup('pipe', 'touch %s') }}",
    "{%% set x = lookup('pipe', 'touch %s') %%}{{ x }}",
    "$(touch %s)",
    "; touch %s;",
    "!unsafe {{ lookup('pipe', 'touch %s') }}",
    "'\"\n- {{ lookup('pipe', 'touch %s') }}",
]


def test_what_a_tenant_typed_arrives_verbatim_and_is_never_evaluated(runner, tmp_path):
    mark = tmp_path / "evaluated"
    items = []
    for number, text in enumerate(EVIL):
        evil = text % mark
        nested = [evil, [evil, {evil: [evil]}]]
        items.append({"id": str(number), "name": evil, evil: evil, "list": nested, "token": evil})
    result = runner.run("report", items, {}, 60)
    assert [result.outcomes[item["id"]].facts["received"] for item in items] == items
    assert not mark.exists()


def test_every_kind_of_value_arrives_verbatim(runner):
    item = {
        "id": "one",
        "scalars": ["", " ", "yes", "no", "null", "~", "1e3", "0o7", "2001-01-01"],
        "marks": ["<<", "=", "!vault |", "- a", "a: b", "# c", "{}", "\\x"],
        "control": "".join(map(chr, range(1, 32))) + "\x00\x7f\x85\u2028\u2029\ufeff\ufffe\uffff",
        "beyond": "\U0001f600 \U0010ffff e\u0301",
        "numbers": [0, -1, 2**63, 1.5, 1e20, 1.5e-7],
        "others": [True, False, None, [], {}],
        "k" * 5000: "v" * 300_000,
        "<<": {"merge": 1},
        "_ansible_no_log": True,
    }
    result = runner.run("report", [item], {}, 60)
    assert result.outcomes["one"].facts["received"] == item


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"__ansible_type": "x"}, "reserved"),
        ({"__ansible_vault": "x"}, "reserved"),
        ("\ud800", "Unicode"),
        (b"x", "bytes"),
    ],
)
def test_what_cannot_arrive_verbatim_fails_alone(runner, value, says):
    result = runner.run("report", [{"id": "odd", "metadata": [value]}, {"id": "good"}], {}, 60)
    assert says in result.outcomes["odd"].fault.message and result.outcomes["odd"].fault.own
    assert result.outcomes["good"].fault is None


def test_nothing_of_a_run_stays_behind_but_its_record_without_secrets(runner, settings):
    item = {"id": "one", "name": "web", "token": "swordfish", "volumes": [{"id": "v", "chap_password": "open sesame"}]}
    for _ in range(settings.archive_runs + 1):
        runner.run("report", [item], {}, 60)
    assert list(Path(settings.run_directory).glob("run-*")) == []
    archive = Path(settings.archive_directory)
    kept = sorted(archive.iterdir())
    assert len(kept) == settings.archive_runs
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o700
    record = json.loads((kept[0] / "run.json").read_text())
    assert record["items"][0]["name"] == "web" and record["status"] == "successful"
    assert "Report what arrived" in (kept[0] / "output.log").read_text()
    for root, _folders, files in os.walk(archive):
        for name in files:
            content = (Path(root) / name).read_text()
            assert "swordfish" not in content and "open sesame" not in content


def test_while_it_runs_its_secrets_are_readable_by_nobody_else(runner, settings, tmp_path):
    seen = []

    def look():
        for folder in Path(settings.run_directory).glob("run-*"):
            seen.append(("folder", stat.S_IMODE(folder.stat().st_mode)))
            seen.append(("variables", stat.S_IMODE((folder / "env" / "extravars").stat().st_mode)))
        return (tmp_path / "pid").exists()

    runner.run("waits", [{"id": "one", "pid_file": str(tmp_path / "pid")}], {}, 60, cancelled=look)
    assert set(seen) == {("folder", 0o700), ("variables", 0o600)}


def test_a_rehearsal_says_what_would_change(runner):
    result = runner.run("report", [{"id": "one"}], {}, 60, check=True)
    assert result.status == "successful" and result.outcomes["one"].fault is None
    assert [(diff["task"], diff["host"], diff["after"]) for diff in result.diffs] == [
        ("Report what arrived", "alpha", {"received": {"id": "one"}})
    ]
    assert not result.outcomes["one"].facts["applied"]
