"""The one error that a user sees."""


class LauncherError(Exception):
    """A step failed: what went wrong, and what to try next."""

    def __init__(self, cause: str, advice: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.advice = advice
