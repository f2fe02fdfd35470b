"""The worker: claims operations, runs them two at a time, holds them by a heartbeat, ends gracefully."""

import fcntl
import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api import config as configuration
from tenrec_api.config import Config
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.orchestration.claims import Claims
from tenrec_api.orchestration.events import Runs
from tenrec_api.orchestration.execution import DATABASE_AWAY, Execution
from tenrec_api.orchestration.listener import Listener
from tenrec_api.orchestration.reconcile import Reconciler
from tenrec_api.orchestration.rehearsals import RehearsalServer
from tenrec_api.orchestration.runner import Runner
from tenrec_api.orchestration.schedule import Schedule
from tenrec_api.orchestration.workflows import discover
from tenrec_api.orchestration.workflows.base import Periodic, Workflow
from tenrec_api.services.identity.tokens import TokenStore
from tenrec_api.services.rehearsals import SOCKET

log = logging.getLogger(__name__)

# How long runs may go on after the worker was told to end; then they are broken off and given back.
DRAIN_SECONDS = 20.0
# Until the next heartbeat after one that the database did not take.
MISSED_BEAT_SECONDS = 1.0


class Worker:
    """One worker process. `run` returns after `stop`."""

    def __init__(
        self,
        config: Config,
        sessions: sessionmaker[Session],
        runner: Runs,
        workflows: Mapping[str, Workflow],
        periodics: Iterable[Periodic] = (),
        drain_seconds: float = DRAIN_SECONDS,
    ):
        self._settings = config.worker
        self._sessions = sessions
        self._runner = runner
        self._workflows = workflows
        self._drain = drain_seconds
        self.host = socket.gethostname()
        owner = f"{self.host}/{os.getpid()}/{uuid.uuid4()}"
        self.claims = Claims(sessions, owner[-128:], self._settings.lease_seconds)
        self._schedule = Schedule(config, sessions, runner, periodics)
        self._listener = Listener(config.broker, self.wake)
        self._slots = threading.BoundedSemaphore(self._settings.concurrent_runs)
        self._pool = ThreadPoolExecutor(self._settings.concurrent_runs, thread_name_prefix="run")
        self._executions: set[Execution] = set()
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()

    def wake(self) -> None:
        """Look for work now."""
        self._wanted.set()

    def stop(self) -> None:
        """Claim nothing more; end when what runs has ended, or soon in any case."""
        self._stopping.set()
        self._wanted.set()

    def run(self) -> None:
        """Work until told to stop. The database or the broker being away is waited out."""
        heartbeat = threading.Thread(target=self._beat_for_ever, name="heartbeat", daemon=True)
        heartbeat.start()
        self._listener.start()
        log.info(
            "worker %s: %d workflows, %d runs at a time",
            self.claims.owner,
            len(self._workflows),
            self._settings.concurrent_runs,
        )
        while not self._stopping.is_set():
            if not self._slots.acquire(timeout=self._settings.poll_seconds):
                continue
            work = None if self._stopping.is_set() else self._next()
            if work is not None:
                self._pool.submit(self._do, work)
                continue
            self._slots.release()
            # Cleared before the next look, not after it: what is rung in between must not be lost.
            self._wanted.wait(timeout=self._settings.poll_seconds)
            self._wanted.clear()
        self._finish()
        self._ended.set()
        heartbeat.join(timeout=5)

    def _next(self) -> Callable[[], None] | None:
        try:
            with self._lock:
                under_way = {sequence for each in self._executions for sequence in each.sequences}
            batch = self.claims.claim(self._workflows, under_way)
            if self._stopping.is_set():
                # Told to end while it looked.
                with self._sessions() as session:
                    for operation in batch:
                        self.claims.give_back(session, operation.sequence)
                    session.commit()
                return None
            if not batch:
                return self._schedule.due()
        except DATABASE_AWAY as error:
            log.warning("the database does not answer, trying again: %s", error)
            return None
        except Exception:
            # The loop must go on whatever it is: the next look may see something else.
            log.exception("cannot look for work")
            return None
        execution = Execution(
            self._sessions, self.claims, self._runner, self._workflows, batch, self._settings.operation_seconds
        )
        with self._lock:
            self._executions.add(execution)
        return lambda: self._execute(execution)

    def _execute(self, execution: Execution) -> None:
        try:
            execution.run()
        finally:
            with self._lock:
                self._executions.discard(execution)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("a run ended in a way that nobody foresaw")
        finally:
            self._slots.release()
            # What ended may have been in the way of something that waits.
            self.wake()

    def _beat_for_ever(self) -> None:
        pause = regular = self._settings.lease_seconds / 3
        while not self._ended.wait(pause):
            try:
                pause = regular if self.beat() else min(regular, MISSED_BEAT_SECONDS)
            except Exception:
                # Whatever it is: a heart that stops costs every lease.
                log.exception("a heartbeat failed")

    def beat(self) -> bool:
        """Renew the leases, and tell the executions what was lost or cancelled; False when the database did not."""
        with self._lock:
            executions = list(self._executions)
        if not executions:
            return True
        try:
            held = self.claims.renew([sequence for each in executions for sequence in each.sequences])
        except DATABASE_AWAY as error:
            # Without the database no other worker can take them either.
            log.warning("cannot renew the leases: %s", error.orig if isinstance(error, DBAPIError) else error)
            return False
        for execution in executions:
            execution.heard(held)
        return True

    def _finish(self) -> None:
        log.info("ending: %d executions are under way", len(self._executions))
        until = time.monotonic() + self._drain
        while self._executions and time.monotonic() < until:
            time.sleep(0.1)
        with self._lock:
            for execution in self._executions:
                execution.stop()
        self._schedule.stop()
        self._pool.shutdown(wait=True)
        self._listener.stop()


def _only_one(folder: Path) -> int:
    """Make sure that this is the only worker of this host; returns the lock's descriptor, to be kept open."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"Another worker runs on this host: {folder / 'worker.lock'} is locked.")
    return lock


def serve(config: Config, runner: Runner, workflows: Mapping[str, Workflow], periodics: Iterable[Periodic]) -> None:
    """Be the worker of this host until SIGTERM or SIGINT. Exits with a message when there is one already."""
    os.umask(0o077)
    lock = _only_one(Path(config.worker.run_directory))
    runner.clean()
    runner.start()
    token_store = TokenStore(config.identity, config.cache)
    sessions = make_sessions(make_engine(config.database), settings=config, token_store=token_store)
    reconciler = Reconciler(runner, sessions)
    worker = Worker(config, sessions, reconciler, workflows, periodics)
    try:
        log.info("an earlier worker left %d operations", worker.claims.inherit(worker.host))
    except DATABASE_AWAY as error:
        # The leases run out by themselves.
        log.warning("cannot look for what an earlier worker left: %s", error)
    rehearsals = RehearsalServer(Path(config.worker.run_directory) / SOCKET, reconciler, workflows)
    # Not in the main thread: that one takes the signals, and must not hold a lock that their handler wants.
    loop = threading.Thread(target=worker.run, name="claim")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    rehearsals.start()
    loop.start()
    while loop.is_alive():
        loop.join(timeout=1)
    rehearsals.stop()
    runner.stop()
    os.close(lock)


def main() -> None:
    """The program `tenrec-worker`: everything comes from the configuration file (TENREC_CONFIG)."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(threadName)s %(name)s: %(message)s")
    config = configuration.load()
    workflows, periodics = discover()
    serve(config, Runner(config.worker), workflows, periodics)


if __name__ == "__main__":
    main()
