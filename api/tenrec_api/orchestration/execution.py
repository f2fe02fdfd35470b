"""One claimed batch from its rows to the end: items, run, compensation, what is recorded."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.database import remembering
from tenrec_api.models.base import now
from tenrec_api.models.operation import CANCELLED, FAILED, SUCCEEDED, Operation
from tenrec_api.models.run import Run
from tenrec_api.orchestration.claims import Claims
from tenrec_api.orchestration.events import Fault, Outcome, RunResult, Runs
from tenrec_api.orchestration.redaction import redact
from tenrec_api.orchestration.workflows.base import Workflow
from tenrec_api.services import operations, runs

log = logging.getLogger(__name__)

# Seconds until the next attempt, after the first, the second and every later one.
PAUSES = (2.0, 10.0, 30.0)
# What trying again may heal; any other error of the database is a mistake in what it was told.
DATABASE_AWAY = (OperationalError, InterfaceError, NoConnection)
# A transaction that the database broke off (a deadlock, a lost connection) is tried again for so many seconds, at first
# soon and then more rarely: what a run has done is not to be done again because the database was restarted.
RECORD_SECONDS = 60.0
FIRST_RECORD_PAUSE, LAST_RECORD_PAUSE = 0.05, 1.0

# Why an operation succeeded without a run.
NOTHING_LEFT = "There was nothing left to do."


class Execution:
    """Carries out operations that were claimed together: all of one kind, for the same nodes."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        claims: Claims,
        runner: Runs,
        workflows: Mapping[str, Workflow],
        batch: Sequence[Operation],
        operation_seconds: float = 3600.0,
    ):
        """`operation_seconds`: the age at which an operation is given up, however few attempts it had."""
        self._sessions = sessions
        self._claims = claims
        self._runner = runner
        self._workflows = workflows
        self._batch = list(batch)
        self._oldest = timedelta(seconds=operation_seconds)
        # Those that are neither ended nor given back yet.
        self._open = {each.sequence for each in batch}
        # The heartbeat takes out what another worker has now, and puts in what an operator cancels.
        self._lost: set[int] = set()
        self._cancelled = {each.sequence for each in batch if each.cancel_requested}
        self._stopped = False

    @property
    def sequences(self) -> list[int]:
        """The operations that have still to be held."""
        return sorted(self._open)

    def heard(self, held: Mapping[int, bool]) -> None:
        """Take notice of the heartbeat: `held` maps the sequences that are still this worker's to 'cancel it'."""
        for sequence in self.sequences:
            if sequence not in held:
                self._lost.add(sequence)
            elif held[sequence]:
                self._cancelled.add(sequence)

    def stop(self) -> None:
        """Break the run off and give the operations back: the worker has to end."""
        self._stopped = True

    def _break_off(self) -> bool:
        return self._stopped or bool(self._open & (self._lost | self._cancelled))

    def _give_up(self) -> bool:
        return self._stopped or self._open <= self._lost

    def run(self) -> None:
        """Do it all. Raises nothing: what nobody foresaw is logged and fails the operations."""
        try:
            self._run()
        except DATABASE_AWAY:
            # Nothing was recorded, so nothing is lost: the lease runs out and the work is done again.
            log.exception("the database failed during %s; it will be done again", self._names(self._batch))
        except Exception as error:
            log.exception("%s failed in the worker itself", self._names(self._batch))
            for operation in self._batch:
                self._record_fault(operation, _internal("Carry out the operation", error))

    def _run(self) -> None:
        kind = self._batch[0].kind
        workflow = self._workflows.get(kind)
        if workflow is None:
            for operation in self._batch:
                self._record_fault(
                    operation, Fault("Find the workflow", "", f"There is no workflow of the kind {kind}.")
                )
            return
        runnable = self._items(workflow)
        unwanted = [each for each in self._batch if each.sequence in runnable and self._not_to_run(each)]
        for operation in unwanted:
            fault = self._not_to_run(operation)
            # Claimed for the first time: nothing was made yet.
            ran = operation.attempts > 1
            self._fail([(operation, runnable.pop(operation.sequence), fault)], workflow if ran else None)
        wanted = [each for each in self._batch if each.sequence in runnable]
        if not wanted:
            return
        deadline = max(each.deadline_seconds or workflow.deadline_seconds for each in wanted)
        items = [runnable[each.sequence] for each in wanted]
        log.info("run %s on %s", self._names(wanted), wanted[0].nodes or "the controller")
        result = self._runner.run(kind, items, wanted[0].nodes, deadline, self._break_off)
        log.info("%s: %s after %.1f s", self._names(wanted), result.status, result.seconds)
        try:
            self._conclude(workflow, wanted, runnable, result)
        finally:
            # After what a client waits for.
            self._note(kind, wanted, result)

    def _items(self, workflow: Workflow) -> dict[int, Mapping[str, Any]]:
        """The items by sequence; operations with nothing to do, or whose item cannot be made, are ended here."""
        runnable: dict[int, Mapping[str, Any]] = {}
        identities: set[str] = set()
        together = self._items_together(workflow) if len(self._batch) > 1 else None
        for operation in self._batch:
            try:
                if together is not None:
                    item = together[operation.sequence]
                else:
                    item = self._patiently(operation, lambda session, each=operation: workflow.item(session, each))
            except DATABASE_AWAY:
                raise
            except Exception as error:
                log.exception("the item of %s cannot be made", self._names([operation]))
                self._record_fault(operation, _internal("Collect what the playbook needs", error))
                continue
            if item is None:
                self._record(
                    operation, lambda session, held: operations.end(session, held, SUCCEEDED, reason=NOTHING_LEFT)
                )
            elif item["id"] in identities:
                self._give_back(operation)
            else:
                identities.add(item["id"])
                runnable[operation.sequence] = item
        return runnable

    def _items_together(self, workflow: Workflow) -> dict[int, Mapping[str, Any] | None] | None:
        """The items of the whole batch from one session, which reads once what they share; None when one fails."""

        def collect(session: Session) -> dict[int, Mapping[str, Any] | None]:
            with remembering(session):
                workflow.preload(session, self._batch)
                return {each.sequence: workflow.item(session, each) for each in self._batch}

        try:
            return self._patiently(self._batch[0], collect)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.warning("%s: one of the items cannot be made (%r), now each by itself", self._names(self._batch), error)
            return None

    def _not_to_run(self, operation: Operation) -> Fault | None:
        if operation.sequence in self._cancelled:
            return Fault("Cancel the operation", "", "The operation was cancelled.")
        if now() - operation.created_at > self._oldest:
            minutes = self._oldest.total_seconds() / 60
            return Fault(
                "Carry out the operation", "", f"Given up: it could not be carried out in {minutes:g} minutes."
            )
        # A run by itself after a failure in company is one that the limit did not foresee.
        if operation.attempts > operation.max_attempts + operation.alone:
            times = operation.attempts - 1
            return Fault(
                "Carry out the operation", "", f"Given up after {times} attempts, the last of which had no end."
            )
        return None

    def _conclude(
        self,
        workflow: Workflow,
        batch: Sequence[Operation],
        items: Mapping[int, Mapping[str, Any]],
        result: RunResult,
    ) -> None:
        done, failed = [], []
        for operation in batch:
            item = items[operation.sequence]
            outcome = result.outcomes[item["id"]]
            if outcome.fault is None:
                done.append((operation, outcome))
            elif result.status == "canceled" and operation.sequence not in self._cancelled and not outcome.fault.own:
                self._give_back(operation)
            elif operation.sequence in self._cancelled or not self._try_again(operation, outcome.fault, len(batch)):
                failed.append((operation, item, outcome.fault))
        if len(done) < 2 or not self._record_together(workflow, done):
            for operation, outcome in done:
                self._record_success(workflow, operation, outcome)
        # One at a time would take long; those that were cancelled or lost do not keep the others from being cleaned up.
        self._fail(failed, workflow)

    def _try_again(self, operation: Operation, fault: Fault, company: int) -> bool:
        if fault.transient:
            if operation.attempts >= operation.max_attempts:
                return False
            pause = PAUSES[min(operation.attempts, len(PAUSES)) - 1]
            log.info("%s: %s; once more in %g s", self._names([operation]), fault.message, pause)
            self._give_back(operation, pause=pause, counted=True)
            return True
        if company > 1 and not fault.own:
            # One of them may have failed the others: each is tried by itself.
            self._give_back(operation, alone=True, counted=True)
            return True
        return False

    def _fail(self, failed: Sequence[tuple[Operation, Mapping[str, Any], Fault]], workflow: Workflow | None) -> None:
        """Remove what the run of `workflow` made (None: there was no run), then record the faults."""
        left: Mapping[str, Outcome] = {}
        # What was there before the run is not the run's to remove.
        made = [each for each in failed if not each[0].parameters.get(operations.REPAIR)]
        if made and workflow is not None and workflow.compensation is not None:
            # What another worker has taken over may be done by now: its outcome is not ours to remove.
            self.heard(self._patiently(made[0][0], lambda _session: self._claims.renew(self.sequences)))
            failed = [each for each in failed if each[0].sequence not in self._lost]
            made = [each for each in made if each in failed]
        if made and workflow is not None and workflow.compensation is not None:
            operation = made[0][0]
            undo = self._workflows[workflow.compensation]
            items = [item for _operation, item, _fault in made]
            log.info("%s failed: run %s", self._names([each for each, _, _ in made]), undo.kind)
            result = self._runner.run(undo.kind, items, operation.nodes, undo.deadline_seconds, self._give_up)
            self._note(undo.kind, [each for each, _item, _fault in made], result)
            if result.status == "canceled":
                # The worker has to end, or the operations are another's: whoever has them next begins anew.
                for each, _item, _fault in failed:
                    self._give_back(each, counted=True)
                return
            left = result.outcomes
        for operation, item, fault in failed:
            remains = left[item["id"]].fault if item["id"] in left else None
            if remains is not None:
                wanted = operation.sequence not in self._cancelled
                if wanted and remains.transient and self._try_again(operation, remains, company=1):
                    # The next attempt makes the whole of it or removes it.
                    continue
                fault = replace(fault, message=f"{fault.message} (What was made remains: {remains.message})")
            self._record_fault(operation, fault)

    def _record_together(self, workflow: Workflow, done: Sequence[tuple[Operation, Outcome]]) -> bool:
        """Record many successes in one transaction, for which a burst waits once; False when one of them spoils it."""
        batch = [operation for operation, _outcome in done]

        def succeed(session: Session) -> None:
            with remembering(session):
                workflow.preload(session, batch)
                outcomes = {operation.sequence: outcome for operation, outcome in done}
                for held in self._claims.hold_all(session, list(outcomes)):
                    _succeed(session, workflow, held, outcomes[held.sequence])

        try:
            self._patiently(batch[0], succeed)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.warning("%s: a success cannot be recorded (%r), now each by itself", self._names(batch), error)
            return False
        self._open.difference_update(each.sequence for each in batch)
        return True

    def _record_success(self, workflow: Workflow, operation: Operation, outcome: Outcome) -> None:
        try:
            self._record(operation, lambda session, held: _succeed(session, workflow, held, outcome))
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.exception("the success of %s cannot be recorded", self._names([operation]))
            self._record_fault(operation, _internal("Record the result", error))

    def _record_fault(self, operation: Operation, fault: Fault) -> None:
        status = CANCELLED if operation.sequence in self._cancelled else FAILED
        outcome = {"failed_task": fault.task[:255], "failed_host": fault.host[:255], "reason": fault.message}
        log.warning("%s %s: %s: %s", self._names([operation]), status, fault.task, fault.message)
        workflow = self._workflows.get(operation.kind)

        def fail(session: Session, held: Operation) -> None:
            if workflow is not None:
                workflow.fail(session, held, fault)
            operations.end(session, held, status, **outcome)

        try:
            self._record(operation, fail)
        except DATABASE_AWAY:
            raise
        except Exception:
            log.exception("the fault of %s cannot be recorded with its resource", self._names([operation]))
            self._record(operation, lambda session, held: operations.end(session, held, status, **outcome))

    def _record(self, operation: Operation, change: Callable[[Session, Operation], None]) -> None:
        """Apply `change` in a transaction if the operation is still ours; raises as `_patiently` does."""

        def apply(session: Session) -> None:
            held = self._claims.hold(session, operation.sequence)
            if held is None:
                log.info("%s is another worker's now", self._names([operation]))
            else:
                change(session, held)

        self._patiently(operation, apply)
        self._open.discard(operation.sequence)

    def _give_back(self, operation: Operation, **how: Any) -> None:
        self._patiently(operation, lambda session: self._claims.give_back(session, operation.sequence, **how))
        self._open.discard(operation.sequence)

    def _patiently(self, operation: Operation, work: Callable[[Session], Any]) -> Any:
        """Do `work` in a transaction, again for as long as the database is away.

        Raises DATABASE_AWAY when that took too long, or the worker has to end.
        """
        until = time.monotonic() + RECORD_SECONDS
        pause = FIRST_RECORD_PAUSE
        while True:
            try:
                with self._sessions() as session:
                    answer = work(session)
                    session.commit()
                    return answer
            except DATABASE_AWAY:
                if self._stopped or time.monotonic() > until:
                    raise
                log.warning("%s: the database broke the transaction off, once more", self._names([operation]))
                time.sleep(pause)
                pause = min(pause * 2, LAST_RECORD_PAUSE)

    def _note(self, kind: str, batch: Sequence[Operation], result: RunResult) -> None:
        """Keep the run in the history; without a database, or with an odd one, the work goes on without the note."""
        if not result.run_id:
            return
        run = Run(
            id=result.run_id,
            kind=kind,
            status=result.status,
            check=result.check,
            started_at=result.began,
            seconds=result.seconds,
            nodes=dict(batch[0].nodes),
            tasks=result.tasks,
        )
        try:
            with self._sessions() as session:
                runs.note(session, run, batch)
                session.commit()
        except SQLAlchemyError:
            log.exception("the run %s of %s is not noted", result.run_id, self._names(batch))

    @staticmethod
    def _names(batch: Sequence[Operation]) -> str:
        return f"{batch[0].kind} {', '.join(each.resource_id for each in batch[:3])}{' …' if len(batch) > 3 else ''}"


def _succeed(session: Session, workflow: Workflow, held: Operation, outcome: Outcome) -> None:
    returned = workflow.succeed(session, held, outcome.facts)
    operations.end(session, held, SUCCEEDED, result=redact(outcome.facts if returned is None else dict(returned)))


def _internal(task: str, error: Exception) -> Fault:
    # Its own words stay in the log: they may name what a tenant should not see.
    return Fault(task, "", f"The worker met an unexpected {type(error).__name__}; its log has more.")
