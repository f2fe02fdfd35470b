"""Counting over all runners: what the closing line and the exit code are made of."""

from pathlib import Path

import pytest

from launcher.checks.tally import Tally, from_junit

REPORT = """<?xml version="1.0"?>
<testsuites>
<testsuite name="pytest" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"/>
</testsuites>
"""


def write(folder: Path, **numbers: int) -> Path:
    report = folder / "report.xml"
    report.write_text(REPORT.format(**({"tests": 0, "failures": 0, "errors": 0, "skipped": 0} | numbers)))
    return report


def test_a_report_is_counted(tmp_path):
    report = write(tmp_path, tests=10, failures=1, errors=2, skipped=3)
    assert from_junit(report) == Tally(passed=4, failed=3, skipped=3)


def test_a_missing_report_counts_nothing(tmp_path):
    assert from_junit(tmp_path / "none.xml") == Tally()


@pytest.mark.parametrize(
    ("tally", "good"),
    [
        (Tally(passed=1), True),
        (Tally(passed=1, skipped=5), True),
        (Tally(passed=9, failed=1), False),
        (Tally(skipped=3), False),
        (Tally(), False),
    ],
)
def test_good_means_that_something_ran_and_nothing_failed(tally, good):
    assert tally.good is good


def test_the_closing_line():
    total = sum([Tally(passed=2), Tally.of(good=False), Tally.of(good=True), Tally(skipped=1)], Tally())
    assert str(total) == "3 passed, 1 failed, 1 skipped"
