"""Comparing the whole cloud: one look at what the hosts hold, then the very playbooks that create, in check mode.

To the worker it is one run like any other. Nothing is changed by it; what is to be repaired becomes operations of its
own (services/drift).
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.models.base import now
from tenrec_api.models.finding import FAILED, MISSING
from tenrec_api.orchestration.events import Fault, Outcome, RunResult, Runs
from tenrec_api.services.drift import findings, wanted
from tenrec_api.services.drift.comparison import Found, of_diffs, of_survey

log = logging.getLogger(__name__)

SURVEY_SECONDS = 60
CHECK_SECONDS = 120


class Reconciler:
    """The runner, and beside all its playbooks the comparison, which is many runs."""

    def __init__(self, runner: Runs, sessions: sessionmaker[Session]):
        self._runner = runner
        self._sessions = sessions

    def run(
        self,
        kind: str,
        items: Sequence[Mapping[str, Any]],
        nodes: Mapping[str, str],
        deadline: int,
        cancelled: Callable[[], bool],
        check: bool = False,
        keep: bool = True,
    ) -> RunResult:
        """As Runner.run. The facts of a comparison are `found` (documents of Found) and `compared`, counts by noun."""
        if kind != findings.KIND:
            return self._runner.run(kind, items, nodes, deadline, cancelled, check, keep)
        comparison = _Comparison(self._runner, self._sessions, cancelled)
        (item,) = items
        return comparison.run(item["id"])


class _Comparison:
    """One comparison, from the look at the hosts to what was found."""

    def __init__(self, runner: Runs, sessions: sessionmaker[Session], cancelled: Callable[[], bool]):
        self._runner = runner
        self._sessions = sessions
        self._cancelled = cancelled
        self._began = now()
        self._tasks: list[dict[str, Any]] = []

    def run(self, identity: str) -> RunResult:
        started = time.monotonic()
        found, compared = self._survey(), {}
        with self._sessions() as session:
            checks = wanted.checks(session, wanted.touched(session, self._began))
        for check in checks:
            if self._cancelled():
                break
            found += self._check(check, lost={each.resource_id for each in found if each.problem == MISSING})
            compared[check.resource_type] = compared.get(check.resource_type, 0) + len(check.items)
        with self._sessions() as session:
            touched = wanted.touched(session, self._began)
        found = tidy(found, touched)
        result = RunResult("successful", tasks=self._tasks, seconds=time.monotonic() - started)
        result.run_id, result.began, result.check = str(uuid.uuid4()), self._began, True
        outcome = Outcome({"found": [asdict(each) for each in found], "compared": compared})
        if self._cancelled():
            result.status = "canceled"
            outcome = Outcome(fault=Fault("Compare the cloud", "", "The comparison was broken off."))
        result.outcomes[identity] = outcome
        log.info("compared %s: %d findings after %.1f s", compared, len(found), result.seconds)
        return result

    def _run(self, kind: str, items: Sequence[Mapping[str, Any]], nodes: Mapping[str, str], seconds: int) -> RunResult:
        result = self._runner.run(kind, items, nodes, seconds, self._cancelled, check=True, keep=False)
        self._tasks += result.tasks
        return result

    def _survey(self) -> list[Found]:
        result = self._run(findings.KIND, [], {}, SURVEY_SECONDS)
        with self._sessions() as session:
            known = wanted.known(session)
        failed = [_away(host, fault) for host, fault in result.host_faults.items()]
        if result.fault is not None and not failed:
            failed = [_away("", result.fault)]
        return [*failed, *of_survey(result.hosts, known)]

    def _check(self, check: wanted.Check, lost: set[str]) -> list[Found]:
        """What one run finds. That a disk cannot be looked at in a server that is `lost` says nothing new."""
        result = self._run(check.kind, check.items, check.nodes, CHECK_SECONDS)
        found = list(of_diffs(result.diffs))
        own = {identity: each.fault for identity, each in result.outcomes.items() if each.fault and each.fault.own}
        servers = {each["id"]: each.get("server_id") for each in check.items}
        for identity, fault in own.items():
            if servers[identity] in lost:
                continue
            found.append(Found(check.resource_type, identity, fault.host, FAILED, f"{fault.task}: {fault.message}"))
        if result.fault is not None and not own:
            found.append(_away(result.fault.host, result.fault))
        return found


def _away(host: str, fault: Fault) -> Found:
    return Found("host", host or "controller", host, FAILED, f"{fault.task}: {fault.message}")


def tidy(found: Iterable[Found], touched: Iterable[str]) -> list[Found]:
    """Each finding once, and none of what is being changed or was changed meanwhile.

    That something could not be looked at is left out where it is known to be missing, or its server is.
    """
    touched, kept = set(touched), {}
    for each in found:
        if each.resource_id not in touched:
            kept.setdefault((*each.subject, each.problem), each)
    known = {each.subject for each in kept.values() if each.problem != FAILED}
    return [each for each in kept.values() if each.problem != FAILED or each.subject not in known]
