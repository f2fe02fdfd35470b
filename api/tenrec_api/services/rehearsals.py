"""Rehearsals: a request is carried out in a transaction that nobody keeps, and the nodes are asked what they would do.

Validation, policy, quota and scheduling are those of the real request, because they are the very same code: its commits
only release savepoints of an outer transaction, which is rolled back at the end. The operations that it would leave
behind are handed to the worker over a Unix socket, never through the database or RabbitMQ. One line of JSON goes each
way::

    {"checks": [{"kind", "item", "nodes"}, …]}
    {"answers": [{"changed", "tasks", "diffs", "fault"}, …]}   or   {"refused": "why"}
"""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.models.operation import Operation

# The worker's socket, in its run directory, which only API and worker may enter.
SOCKET = "rehearsals.sock"
# The longest message. A server's item holds its user data, of which a request may bring some megabytes.
LARGEST_MESSAGE = 32 * 1024 * 1024
# How long a request waits for the nodes; the proxy gives up after 120 seconds.
PATIENCE_SECONDS = 60.0
# The session's list of what the real request would wait for; a session without one is no rehearsal's.
OUTSTANDING = "tenrec.outstanding"


class WorkerAway(Exception):
    """The nodes could not be asked; the message says why."""


class Rehearsal:
    """One request's transaction. Services are given `session`; nothing of it remains after `close`."""

    def __init__(self, sessions: sessionmaker[Session]):
        self._connection = sessions.kw["bind"].connect()
        self._connection.begin()
        self._enqueued: list[Operation] = []
        self.session = sessions(bind=self._connection, join_transaction_mode="create_savepoint")
        self.outstanding: list[str] = []
        self.session.info[OUTSTANDING] = self.outstanding
        event.listen(self.session, "pending_to_persistent", self._note)

    def _note(self, _session: Session, instance: Any) -> None:
        if isinstance(instance, Operation):
            self._enqueued.append(instance)

    def operations(self) -> list[Operation]:
        """What the request would leave to the worker, in the order in which it would be done."""
        left = [each for each in self._enqueued if each in self.session]
        return sorted(left, key=lambda operation: operation.sequence)

    def close(self) -> None:
        """Undo everything: to close a connection without a commit rolls back. Calling it again does nothing."""
        self.session.close()
        self._connection.close()


@dataclass(frozen=True)
class Stage:
    """Where requests are rehearsed.

    `sessions` rings no doorbell and knows no cache. `item(session, operation)` is what the operation's playbook would
    be given, None when there is nothing to do. `socket_path` is the worker's socket.
    """

    sessions: sessionmaker[Session]
    item: Callable[[Session, Operation], Mapping[str, Any] | None]
    socket_path: Path

    def begin(self) -> Rehearsal:
        """A rehearsal of one request; close it in any case."""
        return Rehearsal(self.sessions)

    def ask(self, checks: Sequence[Mapping[str, Any]], patience: float = PATIENCE_SECONDS) -> list[dict[str, Any]]:
        """What the nodes say to each check; raises WorkerAway, after `patience` seconds at the latest."""
        if not checks:
            return []
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(patience)
                connection.connect(str(self.socket_path))
                send(connection, {"checks": list(checks)})
                answer = receive(connection)
        except TimeoutError as error:
            raise WorkerAway(f"the worker did not answer within {patience:g} seconds") from error
        except (OSError, ValueError) as error:
            raise WorkerAway("the worker does not answer") from error
        if "refused" in answer:
            raise WorkerAway(answer["refused"])
        return answer["answers"]


def stop_here(session: Session, outstanding: str) -> bool:
    """Whether the session is a rehearsal's, which goes no further. `outstanding` says what the real request does."""
    notes = session.info.get(OUTSTANDING)
    if notes is None:
        return False
    notes.append(outstanding)
    return True


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Write one message; raises OSError."""
    connection.sendall(json.dumps(message).encode() + b"\n")


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message; raises OSError, and ValueError for what is too long, cut short, or no JSON object."""
    with connection.makefile("rb") as stream:
        line = stream.readline(LARGEST_MESSAGE + 1)
    if not line.endswith(b"\n"):
        raise ValueError("the message is too long or cut short")
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("the message is no JSON object")
    return message
