"""A forked run and a stock run of the same playbook leave the same; and what happens when the zygote does not serve."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tenrec_api.orchestration.runner import Runner

from .conftest import make_settings
from .stage import play


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    runner = Runner(make_settings(tmp_path_factory.mktemp("warm")), "tenrec_test.fixture", grace_seconds=0)
    runner.clean()
    runner.start()
    assert runner.wait_warm()
    yield runner
    runner.stop()


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def both(runner, kind, items, **options):
    """The run of `kind` the stock way, and forked."""
    stock = play(runner, kind, items, **options)
    assert runner.wait_warm()
    forked = play(runner, kind, items, **options, keeper=runner._keeper)
    assert forked.forked and not stock.forked
    return stock, forked


# One host each: the results of several come in the order in which they end.
@pytest.mark.parametrize(
    ("kind", "items", "options", "status"),
    [
        ("report", [{"id": "a", "text": "ä\u2028{{ x }}"}, {"id": "b"}], {}, "successful"),
        ("report", [{"id": "a"}], {"check": True}, "successful"),
        ("two_steps", [{"id": "a", "second_error": "b"}], {"nodes": {"storage": "beta"}}, "failed"),
        ("rescued", [{"id": "a"}], {}, "successful"),
        ("fails", [{"id": "a", "token": "x"}], {}, "failed"),
        ("unreachable", [{"id": "a"}], {"nodes": {"compute": "gone"}}, "failed"),
        ("unreachable", [{"id": "a"}], {"nodes": {"compute": "retired"}}, "successful"),
        ("bad_yaml", [{"id": "a"}], {}, "failed"),
        ("no_such_thing", [{"id": "a"}], {}, "failed"),
    ],
)
def test_a_forked_run_leaves_what_a_stock_run_leaves(warm, kind, items, options, status):
    stock, forked = both(warm, kind, items, **options)
    assert stock.status == status
    assert forked.alike() == stock.alike()


def test_a_forked_run_is_cancelled_as_a_stock_run(warm, tmp_path):
    def cancelled():
        return any(tmp_path.iterdir())

    items = [{"id": "a", "pid_file": str(tmp_path / "pid")}]
    stock = play(warm, "waits", items, cancelled=cancelled)
    (tmp_path / "pid").unlink()
    forked = play(warm, "waits", items, cancelled=cancelled, keeper=warm._keeper)
    assert forked.forked
    assert (stock.status, stock.code) == ("canceled", 254)
    assert forked.alike() == stock.alike()


def test_a_forked_run_is_timed_out_as_a_stock_run(warm, tmp_path):
    stock, forked = both(warm, "waits", [{"id": "a", "pid_file": str(tmp_path / "pid")}], deadline=12)
    assert (stock.status, stock.code) == ("timeout", 254)
    assert forked.alike() == stock.alike()


@pytest.fixture
def own(tmp_path):
    """A warm runner of the test's own, to be disturbed."""
    runner = Runner(make_settings(tmp_path), "tenrec_test.fixture", grace_seconds=0)
    runner.clean()
    runner.start()
    assert runner.wait_warm()
    yield runner
    runner.stop()


def zygote() -> int:
    """The process id of the zygote of `own`: its forks have the same name, but it has another parent than they have."""
    return max(each for each in children(os.getpid()) if b"warm.zygote" in Path(f"/proc/{each}/cmdline").read_bytes())


def children(parent: int) -> list[int]:
    """The process ids of all children, of whichever thread."""
    return [
        int(each) for task in Path(f"/proc/{parent}/task").iterdir() for each in (task / "children").read_text().split()
    ]


def served(runner) -> bool:
    return play(runner, "report", [{"id": "x"}], keeper=runner._keeper).forked


def test_a_run_outlives_the_zygote_and_the_next_zygote_serves(own, tmp_path):
    pid_file = tmp_path / "pid"
    results = []
    items = [{"id": "a", "sleep": 3, "pid_file": str(pid_file)}]
    thread = threading.Thread(target=lambda: results.append(own.run("slow", items, {}, 120)))
    thread.start()
    until(pid_file.exists)
    os.kill(zygote(), signal.SIGKILL)
    # While there is none, the stock way.
    assert own.run("report", [{"id": "b"}], {}, 120).status == "successful"
    thread.join()
    assert results[0].status == "successful"
    until(lambda: own.wait_warm(0))
    assert served(own)


def test_a_zygote_that_hangs_costs_a_moment_and_runs_nothing_twice(own, tmp_path):
    hung = zygote()
    os.kill(hung, signal.SIGSTOP)
    assert own.run("counts", [{"id": "a", "file": str(tmp_path / "count")}], {}, 120).status == "successful"
    until(lambda: own.wait_warm(0))
    assert served(own)
    assert (tmp_path / "count").read_text() == "ran\n"


@pytest.mark.parametrize("changed", ["ansible_config", "collection"])
def test_what_the_zygote_has_read_may_change(own, tmp_path, changed):
    if changed == "ansible_config":
        Path(own._settings.ansible_config).write_text("[defaults]\nforks = 3\n")
    else:
        module = next(Path(own._settings.collections_path).rglob("modules/report.py"))
        os.utime(module)
    before = zygote()
    assert not served(own)
    until(lambda: own.wait_warm(0))
    assert served(own) and zygote() != before


def test_other_settings_than_the_zygotes_take_the_stock_way(own, monkeypatch):
    monkeypatch.setenv("ANSIBLE_FORKS", "3")
    assert not served(own)
    monkeypatch.delenv("ANSIBLE_FORKS")
    assert served(own)


def test_stopped_there_is_no_zygote(own):
    before = zygote()
    own.stop()
    assert not Path(f"/proc/{before}").exists()
    assert own.run("report", [{"id": "a"}], {}, 120).status == "successful"
