"""The command, and that each bench that it offers is there."""

import pytest

from launcher.bench import BENCHES
from launcher.cli import main
from tests.bench.__main__ import MEASURES


def test_every_bench_that_is_offered_is_there():
    assert set(MEASURES) == set(BENCHES)


def test_the_help_names_them(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*BENCHES, "--json"))


def test_another_name_is_refused_with_those_that_are_valid(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "everything"])
    assert ended.value.code == 2
    assert "runs" in capsys.readouterr().err
