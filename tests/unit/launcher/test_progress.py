"""What a user sees of a deployment, and of steps that fail."""

import pytest

from launcher.cli import _split, main
from launcher.errors import LauncherError
from launcher.playbook import _follow
from launcher.steps import StepFailed, Steps


def test_each_role_is_told_once_when_it_ends(capsys):
    events = [
        {"event": "play", "name": "Make the hosts ready"},
        {"event": "task", "role": "", "name": "Gather facts"},
        {"event": "task", "role": "common", "name": "Install"},
        {"event": "task", "role": "common", "name": "Configure"},
        {"event": "task", "role": "chrony", "name": "Install"},
        {"event": "stats", "changed": 3, "hosts": ["a"]},
    ]
    result = _follow(Steps(), iter(events))
    assert result.changed == 3
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["common", "chrony"]


def test_failures_are_kept():
    event = {"event": "failed", "host": "a", "task": "Install", "message": "no network"}
    assert _follow(Steps(), iter([event])).failures == [event]


def test_a_failed_step_names_itself(capsys):
    steps = Steps()
    with pytest.raises(StepFailed) as failure, steps.step("image"):
        raise LauncherError("disk full", "make room")
    assert (failure.value.step, failure.value.cause, failure.value.advice) == ("image", "disk full", "make room")
    assert "FAILED  image" in capsys.readouterr().out


def test_a_change_in_one_step_is_a_change_of_all():
    steps = Steps()
    for changed in (False, True, False):
        with steps.step("one") as outcome:
            outcome.set("", changed=changed)
    assert steps.changed is True


def test_the_failure_of_one_branch_is_raised_when_all_have_ended():
    ended = []

    def fails() -> None:
        raise LauncherError("broken")

    with pytest.raises(LauncherError, match="broken"):
        Steps().together(fails, lambda: ended.append(True))
    assert ended == [True]


@pytest.mark.parametrize(
    ("arguments", "said", "passed_on"),
    [
        (["test", "unit", "--", "-k", "x"], ["test", "unit"], ["-k", "x"]),
        (["operation", "list", "--limit", "3"], ["operation"], ["list", "--limit", "3"]),
        (["node", "ssh", "a", "ls", "--", "-l"], ["node", "ssh", "a", "ls", "--", "-l"], []),
    ],
)
def test_what_the_launcher_passes_on(arguments, said, passed_on):
    assert _split(arguments) == (said, passed_on)


def test_a_part_that_there_is_not_is_an_error(capsys):
    assert main(["test", "nonsense"]) == 1
    assert "there is no part nonsense; there are: lint, docs, unit" in capsys.readouterr().err
