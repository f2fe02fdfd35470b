"""Reconciling from a command line: compare, repair, compare once more, and print what there was."""

from collections.abc import Callable, Iterable
from itertools import chain

from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.exceptions import Unavailable
from tenrec_api.models.finding import Finding
from tenrec_api.models.operation import SUCCEEDED, Operation
from tenrec_api.services import operations
from tenrec_api.services.drift import findings

# Longer than any comparison or repair may take.
PATIENCE_SECONDS = 1800
HEADINGS = ("RESOURCE", "ID", "HOST", "PROBLEM", "REPAIR", "DETAIL")
IN_SYNC = "The hosts are as the database wants them."


def reconcile(sessions: sessionmaker[Session], repair: bool, say: Callable[[str], None]) -> bool:
    """Compare the hosts with the database and repair what can be repaired, if `repair`. Returns whether all is well.

    `say` takes each line. Raises Unavailable when the worker does not do it, or not in time.
    """
    with sessions() as session:
        found = _compare(session, repair)
        if not found:
            say(IN_SYNC)
            return True
        outcomes = {}
        for operation_id in {each.operation_id for each in found} - {None}:
            outcomes[operation_id] = operations.wait(session, operation_id, PATIENCE_SECONDS)
        for line in table(found, outcomes):
            say(line)
        if not outcomes:
            return False
        remaining = _compare(session, repair=False)
        say(f"After the repairs: {len(remaining) or 'no'} finding{'' if len(remaining) == 1 else 's'}.")
        known = {(each.resource_type, each.resource_id, each.problem) for each in found}
        new = [each for each in remaining if (each.resource_type, each.resource_id, each.problem) not in known]
        for line in table(new, {}) if new else ():
            say(line)
        return not remaining


def _compare(session: Session, repair: bool) -> list[Finding]:
    asked = findings.request(session, repair=repair)
    ended = operations.wait(session, asked.id, PATIENCE_SECONDS)
    if ended.status != SUCCEEDED:
        raise Unavailable(f"The comparison {ended.status}: {ended.failed_task}: {ended.reason}")
    return findings.listing(session)


def table(found: Iterable[Finding], outcomes: dict[str, Operation]) -> list[str]:
    """The findings as lines, with the ends of their repairs by operation id."""
    rows = [
        (
            each.resource_type,
            _plain(each.resource_id),
            each.host,
            each.problem,
            _repair(each, outcomes),
            _plain(each.detail),
        )
        for each in found
    ]
    widths = [max(len(row[place]) for row in chain([HEADINGS], rows)) for place in range(len(HEADINGS) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in chain([HEADINGS], rows)
    ]


def _repair(finding: Finding, outcomes: dict[str, Operation]) -> str:
    operation = outcomes.get(finding.operation_id or "")
    if operation is not None:
        return "repaired" if operation.status == SUCCEEDED else f"{operation.status}: {_plain(operation.reason or '')}"
    return "possible" if finding.repairable else "by hand"


def _plain(text: str) -> str:
    """One line, and nothing in it that a terminal would obey: a tenant chose some of the words."""
    return "".join(character if character.isprintable() else " " for character in text)
