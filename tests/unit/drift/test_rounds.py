"""Reconciling from a command line, as an operator reads it."""

import pytest

from tenrec_api import manage
from tenrec_api.exceptions import Unavailable
from tenrec_api.models.finding import Finding
from tenrec_api.services import operations
from tenrec_api.services.drift import rounds


@pytest.fixture
def reconcile(app, monkeypatch, work):
    """Call it as the command does: whether all is well, and the lines that it says."""

    def wait(session, operation_id, _seconds):
        session.commit()
        work()
        operation = operations.show(session, operation_id)
        session.refresh(operation)
        return operation

    monkeypatch.setattr(rounds.operations, "wait", wait)

    def run(repair=True):
        lines = []
        return rounds.reconcile(app.extensions["tenrec"].sessions, repair, lines.append), lines

    return run


def test_when_all_is_well_it_says_so(reconcile, cloud):
    assert reconcile() == (True, ["The hosts are as the database wants them."])


def test_a_check_says_what_could_be_repaired(reconcile, cloud, network, switch):
    cloud.diffs["network_apply"] = [switch(network)]
    well, (heading, line) = reconcile(repair=False)
    assert not well
    assert heading.split() == ["RESOURCE", "ID", "HOST", "PROBLEM", "REPAIR", "DETAIL"]
    assert line.split()[:5] == ["network", network, "controller1", "missing", "possible"]
    assert all(check for *_rest, check, _keep in cloud.runs)


def test_what_was_repaired_is_told_and_looked_at_again(reconcile, cloud, network, switch):
    cloud.diffs["network_apply"] = [switch(network)]
    cloud.on_run = lambda kind, check: check or cloud.diffs.clear()
    well, (_heading, line, last) = reconcile()
    assert well
    assert line.split()[3:5] == ["missing", "repaired"]
    assert last == "After the repairs: no findings."


def test_what_nobody_can_repair_remains(reconcile, cloud):
    cloud.hosts["node1"] = {"stray_domains": ["win\x1b[2Jdows"]}
    well, (_heading, line) = reconcile()
    assert not well
    assert "by hand" in line


def test_nothing_that_a_terminal_obeys_is_printed():
    finding = Finding(
        resource_type="domain",
        resource_id="a\x1b[2J",
        host="n",
        problem="orphaned",
        detail="b\nc\x07",
        repairable=False,
    )
    assert all(line.isprintable() for line in rounds.table([finding], {}))


def test_a_comparison_that_failed_is_an_error(reconcile, cloud, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("no runner")

    monkeypatch.setattr(cloud, "run", broken)
    with pytest.raises(Unavailable, match="The comparison failed"):
        reconcile()


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_the_command_ends_as_it_went(monkeypatch, tmp_path, capsys, well, code):
    def answer(_sessions, repair, say):
        say(f"repair={repair}")
        return well

    monkeypatch.setattr(manage.rounds, "reconcile", answer)
    file = tmp_path / "api.toml"
    file.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/cloud.db"\n')
    assert manage.main(["--config", str(file), "reconcile", "--check"]) == code
    assert capsys.readouterr().out == "repair=False\n"
