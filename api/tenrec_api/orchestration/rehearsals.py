"""The worker's ear for rehearsals: a socket on which the API asks what the nodes would do, and is told.

Each check is a run of the operation's playbook with ``--check --diff``. Nothing is changed, claimed or recorded; a
client that goes away takes its runs with it.
"""

import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.events import Fault, Runs
from tenrec_api.orchestration.redaction import redact
from tenrec_api.orchestration.workflows import discover
from tenrec_api.orchestration.workflows.base import Workflow
from tenrec_api.services.rehearsals import receive, send

log = logging.getLogger(__name__)

# Requests that are checked at once, and those that may wait for it.
AT_ONCE, WAITING = 2, 14
# A check reads and compares; what takes long in a real run is left out.
RUN_SECONDS = 45
READ_SECONDS = 10.0
# How often it looks whether it shall stop, and a waiting request whether its client is still there.
LOOK_SECONDS = 0.1
STOP_SECONDS = 5.0


def items() -> Callable[[Session, Operation], Mapping[str, Any] | None]:
    """A function that says what an operation's playbook would be given, as the worker makes it; None: nothing to do."""
    # All workflows at once and not at the first rehearsal: by then an update may have replaced their files.
    workflows, _ = discover()
    return lambda session, operation: workflows[operation.kind].item(session, operation)


class RehearsalServer:
    """Answers rehearsals on a Unix socket, from threads of its own."""

    def __init__(self, path: Path, runner: Runs, workflows: Mapping[str, Workflow]):
        self._path = path
        self._runner = runner
        self._workflows = workflows
        self._stopping = threading.Event()
        self._places = threading.BoundedSemaphore(AT_ONCE + WAITING)
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._server: _Server | None = None

    def start(self) -> None:
        """Begin to listen. Only the worker's own user can connect. Where it cannot listen, nobody rehearses."""
        try:
            # An earlier worker that was killed has left it; there is only one worker on a host.
            self._path.unlink(missing_ok=True)
            self._server = _Server(str(self._path), self._serve)
            self._path.chmod(0o600)
        except OSError as error:
            log.warning("rehearsals cannot be asked for at %s: %s", self._path, error)
            return
        threading.Thread(
            target=self._server.serve_forever, args=(LOOK_SECONDS,), name="rehearsals", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening, break off what runs and wait for its end. Calling it again does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink(missing_ok=True)
        for _ in range(AT_ONCE):
            self._slots.acquire(timeout=STOP_SECONDS)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if not self._places.acquire(blocking=False):
                send(connection, {"refused": "too many requests are being rehearsed; try again in a moment"})
                return
            try:
                self._serve_in_place(connection)
            finally:
                self._places.release()
        except (OSError, ValueError) as error:
            log.info("a rehearsal was broken off: %r", error)
        except Exception:
            log.exception("a rehearsal failed")

    def _serve_in_place(self, connection: socket.socket) -> None:
        connection.settimeout(READ_SECONDS)
        checks = receive(connection)["checks"]
        # So that a look whether the client is still there does not wait for it to say something.
        connection.settimeout(0)

        def over() -> bool:
            return self._stopping.is_set() or _hung_up(connection)

        while not self._slots.acquire(timeout=LOOK_SECONDS):
            if over():
                return
        try:
            answers = []
            for check in checks:
                if over():
                    return
                answers.append(self._answer(check, over))
        finally:
            self._slots.release()
        connection.settimeout(READ_SECONDS)
        send(connection, {"answers": answers})

    def _answer(self, check: Mapping[str, Any], over: Callable[[], bool]) -> dict[str, Any]:
        given, kind = check["item"], check["kind"]
        workflow = self._workflows[kind]
        deadline = min(workflow.deadline_seconds, RUN_SECONDS)
        result = self._runner.run(kind, [given], check["nodes"], deadline, over, check=True, keep=False)
        log.info("rehearsed %s %s: %s after %.1f s", kind, given["id"], result.status, result.seconds)
        outcome = result.outcomes[given["id"]]
        return {
            "changed": outcome.changed,
            "tasks": result.tasks,
            "diffs": redact(result.diffs),
            "fault": _fault(outcome.fault),
        }


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    return fault and {key: value for key, value in asdict(fault).items() if key != "own"}


def _hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    # A thread that waits for its run ends with the process, and shutdown does not wait for it.
    block_on_close = False
    # Those that have to be turned away are told so; the kernel would only say that nobody answers.
    request_queue_size = 128

    def __init__(self, path: str, serve: Callable[[socket.socket], None]):
        self._serve = serve
        super().__init__(path, socketserver.BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection; the base class closes it."""
        self._serve(request)
