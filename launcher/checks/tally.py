"""Counting what passed, failed and was skipped, over all the runners that a part calls."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Tally:
    """Numbers of tests or checks."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def good(self) -> bool:
        """Something ran, and none of it failed."""
        return self.failed == 0 and self.passed > 0

    @classmethod
    def of(cls, *, good: bool) -> "Tally":
        """One check."""
        return cls(passed=int(good), failed=int(not good))


def from_junit(report: Path) -> Tally:
    """The numbers in a JUnit report as pytest writes it; none when there is no report."""
    if not report.exists():
        return Tally()
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it a moment ago
    total = Tally()
    for suite in suites:
        tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        # A test that fails and whose tear-down fails too counts twice in `failures` and `errors`, but once in `tests`.
        total += Tally(max(tests - skipped - failed, 0), failed, skipped)
    return total
