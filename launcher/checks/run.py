"""Running the parts and telling what came of them."""

import time
from collections.abc import Callable

from launcher.checks import parts
from launcher.checks.parts import Request
from launcher.checks.scenarios import molecule
from launcher.checks.tally import Tally
from launcher.errors import LauncherError
from launcher.steps import Steps, report, seconds_since

# In the order in which CI runs them: what fails fastest first.
PARTS: dict[str, Callable[[Request], Tally]] = {
    "lint": parts.lint,
    "docs": parts.docs,
    "unit": parts.unit,
    "functional": parts.functional,
    "molecule": molecule,
    "acceptance": parts.acceptance,
    "chaos": parts.chaos,
    "lab": parts.lab,
    "vagrant": parts.vagrant,
}
# Runs only when it is named: what kills the deployed cloud's parts and takes its time, and what needs hosts of its own.
NAMED_ONLY = frozenset({"chaos", "lab", "vagrant"})


def test(steps: Steps, names: list[str], words: list[str]) -> int:
    """Run the named parts, or all but those of NAMED_ONLY; print a table and the closing line.

    :param words: passed on to the part: pytest's arguments, or roles for molecule
    :return: exit code: 0 when something ran and all of it passed
    :raises LauncherError: for a part that there is not
    """
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise LauncherError(f"there is no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    request = Request(steps, words)
    started = time.monotonic()
    total = Tally()
    for name in names or [each for each in PARTS if each not in NAMED_ONLY]:
        steps.say(f"== {name}")
        part_started = time.monotonic()
        try:
            total += PARTS[name](request)
        except LauncherError as error:
            report(error)
            total += request.record(name, part_started, Tally(failed=1))
    _print_table(request, seconds_since(started))
    steps.say(str(total))
    return 0 if total.good else 1


def _print_table(request: Request, took: str) -> None:
    say = request.steps.say
    say()
    say(f"{'':<32} {'seconds':>8} {'passed':>8} {'failed':>8} {'skipped':>8}")
    for name, seconds, tally in request.results:
        say(f"{name:<32} {seconds:>8.1f} {tally.passed:>8} {tally.failed:>8} {tally.skipped:>8}")
    say(f"all of it {took}")
