"""What the worker does by itself, now and then: periodic playbooks, ending what is stranded, forgetting what is old."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from sqlalchemy import delete, null, select, update
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.config import Config
from tenrec_api.models.base import now
from tenrec_api.models.operation import UNFINISHED, Operation
from tenrec_api.orchestration.events import Fault, RunResult, Runs
from tenrec_api.orchestration.execution import DATABASE_AWAY
from tenrec_api.orchestration.workflows.base import Periodic
from tenrec_api.services import runs, stranded
from tenrec_api.services.drift import findings

log = logging.getLogger(__name__)

FORGET_EVERY_SECONDS = 3600.0
FORGET_AT_ONCE = 1000
SWEEP_EVERY_SECONDS = 20.0
RESULTS_LAST = timedelta(hours=1)


class Schedule:
    """Says what is due. The first time of everything is one interval after the start."""

    def __init__(self, config: Config, sessions: sessionmaker[Session], runner: Runs, periodics: Iterable[Periodic]):
        self._config = config
        self._sessions = sessions
        self._runner = runner
        self._stopped = False
        self._faults: dict[str, dict[str, Fault]] = {}
        self._tasks: list[tuple[float, Callable[[], None]]] = [
            (FORGET_EVERY_SECONDS, self.forget),
            (SWEEP_EVERY_SECONDS, self.sweep),
        ]
        if config.worker.reconcile_seconds > 0:
            self._tasks.append((config.worker.reconcile_seconds, self.compare))
        for periodic in periodics:
            seconds = periodic.every(config)
            if seconds > 0:
                self._tasks.append((seconds, lambda periodic=periodic: self.run(periodic)))
        self._next = [time.monotonic() + seconds for seconds, _task in self._tasks]

    def due(self) -> Callable[[], None] | None:
        """The task whose time has come, longest ago first; None when there is none."""
        first = min(range(len(self._tasks)), key=self._next.__getitem__)
        if self._next[first] > time.monotonic():
            return None
        seconds, task = self._tasks[first]
        self._next[first] = time.monotonic() + seconds
        return task

    def stop(self) -> None:
        """Break off what runs: it will come again."""
        self._stopped = True

    def run(self, periodic: Periodic) -> None:
        """Run the playbook and record what it found."""
        result = self._runner.run(
            periodic.kind, [], periodic.nodes(self._config), periodic.deadline_seconds, lambda: self._stopped
        )
        if result.status == "canceled":
            return
        self._tell_changes(periodic.kind, result)
        with self._sessions() as session:
            periodic.record(session, result)
            session.commit()

    def _tell_changes(self, kind: str, result: RunResult) -> None:
        """Log each host's trouble when it begins and when it is over, not every time."""
        before, faults = self._faults.get(kind, {}), dict(result.host_faults)
        if result.fault is not None and not faults:
            faults[""] = result.fault
        for host, fault in faults.items():
            if before.get(host) != fault:
                log.warning("%s on %s: %s: %s", kind, host or "no host", fault.task, fault.message)
        for host in before.keys() - faults.keys():
            log.info("%s on %s works again", kind, host or "all hosts")
        self._faults[kind] = faults

    def compare(self) -> None:
        """Ask for a comparison of the hosts with the database, unless another worker has done so."""
        with self._sessions() as session:
            findings.request_if_due(session, self._config.worker.reconcile_seconds / 2)

    def sweep(self) -> None:
        """End what is in a passing state while nothing is being done to it; see services.stranded."""
        with self._sessions() as session:
            found = stranded.find(session)
        for rule, row_id in found:
            try:
                with self._sessions() as session:
                    if stranded.end(session, rule, row_id):
                        session.commit()
                        log.warning("%s %s was stranded", rule.model.__tablename__, row_id)
            except DATABASE_AWAY:
                raise
            except Exception:
                # One that cannot be ended is in the log each time, and keeps no other from it.
                log.exception("%s %s is stranded and cannot be ended", rule.model.__tablename__, row_id)

    def forget(self) -> None:
        """Delete operations and runs of long ago, a bounded number at a time, and results that nobody waits for."""
        days = self._config.worker.operation_days
        with self._sessions() as session:
            old = list(
                session.scalars(
                    select(Operation.sequence)
                    .where(Operation.finished_at < now() - timedelta(days=days), Operation.status.not_in(UNFINISHED))
                    .limit(FORGET_AT_ONCE)
                )
            )
            session.execute(delete(Operation).where(Operation.sequence.in_(old)))
            runs.forget(session, now() - timedelta(days=days), FORGET_AT_ONCE)
            # A result is for the request that waits for it; a console's may be megabytes.
            session.execute(
                update(Operation)
                .where(Operation.finished_at < now() - RESULTS_LAST, Operation.result.is_not(None))
                .values(result=null())
            )
            session.commit()
        if old:
            log.info("forgot %d operations that ended more than %d days ago", len(old), days)
