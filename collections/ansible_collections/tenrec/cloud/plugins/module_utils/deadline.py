"""A moment by which waiting ends."""

from __future__ import annotations

import time


class Deadline:
    """Counts down from the moment it is made.

    Every wait of a module asks `remaining()` for its time-out, so that all waits together end by one moment.
    """

    def __init__(self, seconds, clock=time.monotonic):
        """Arguments: seconds: how long from now. clock: a monotonic clock in seconds, replaced in tests."""
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self, at_most=None):
        """Seconds that are left, never negative, and no more than `at_most` when that is given."""
        left = max(0.0, self._end - self._clock())
        return left if at_most is None else min(left, at_most)

    @property
    def passed(self):
        """Whether the moment has come."""
        return self.remaining() == 0.0

    def wait_until(self, condition, interval=0.05, sleep=time.sleep):
        """Ask `condition()` every `interval` seconds until it is true or the deadline has passed.

        The condition is asked at least once. Returns its last answer.
        """
        while True:
            answer = condition()
            if answer or self.passed:
                return answer
            sleep(self.remaining(at_most=interval))
