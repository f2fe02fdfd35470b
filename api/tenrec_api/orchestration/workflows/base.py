"""What a workflow is. The concrete ones are in the modules beside this one, one for each noun.

A module of this package defines ``WORKFLOWS``, a tuple of Workflow (and, where something is to be done again and again
by itself, ``PERIODICS``); that is all there is to registering it. For example, ``workflows/image.py``::

    def item(session, operation):
        image = images.get(session, operation.resource_id)
        if image.deleted:
            return None
        return {"id": image.id, "path": images.path_of(image), "disk_format": image.disk_format}

    def succeed(session, operation, facts):
        images.activate(session, operation.resource_id, size=facts["size"], sha512=facts["sha512"])

    def fail(session, operation, fault):
        images.reject(session, operation.resource_id, fault.message)

    WORKFLOWS = (Workflow("image_import", item, succeed, fail, deadline_seconds=600, batch=4),)

The functions are given a session of the worker's and call services. They may commit or leave that to the worker.
After a crash at any moment the operation is run once more and they are called once more, so each must be a converge
as well: what is already so stays so. The functions take the operation and not only the resource's id, because what
the request asked for at the time is in `operation.parameters`; what a resource is like now is in its row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.config import Config
from tenrec_api.models.operation import Operation
from tenrec_api.orchestration.events import Fault, RunResult

__all__ = ["Fault", "Periodic", "RunResult", "Workflow"]


@dataclass(frozen=True)
class Workflow:
    """One kind of operation: the playbook of the same name, and what goes into it and comes out of it.

    - ``item(session, operation)``: what the playbook needs for this resource, with its ``id`` (see ARCHITECTURE.md);
      None when there is nothing left to do, which is a success without a run.
    - ``succeed(session, operation, facts)``: put into the rows what the modules returned. A dict that it returns
      becomes the operation's result; else that is the facts.
    - ``fail(session, operation, fault)``: the resource could not be had: `fault` has ``task``, ``host``, ``message``.
      Called once, after the last attempt and the compensation; also when the operation was cancelled.
    - ``deadline_seconds``: how long one run may take (`operation.deadline_seconds` goes before it).
    - ``batch``: how many operations of this kind on the same nodes one run may take.
    - ``preload(session, operations)``: read at once, for a batch, what `item` and `succeed` look up for each; whatever
      the session has loaded stays in it until they are through.
    - ``secrets(session, operation)``: the secrets of the item, each at its place, and its ``id``; after the operation
      has ended, too, because a replay needs them. Not given: there are none, or `item` can always be called.
    - ``compensation``: the kind whose playbook, given the same item, removes what the failed run made.
    """

    kind: str
    item: Callable[[Session, Operation], Mapping[str, Any] | None]
    succeed: Callable[[Session, Operation, Mapping[str, Any]], Mapping[str, Any] | None]
    fail: Callable[[Session, Operation, Fault], None]
    deadline_seconds: int = 120
    batch: int = 50
    preload: Callable[[Session, Sequence[Operation]], None] = lambda session, operations: None
    compensation: str | None = None
    secrets: Callable[[Session, Operation], Mapping[str, Any] | None] | None = None


@dataclass(frozen=True)
class Periodic:
    """A playbook without items that the worker runs every so often, such as ``observe``.

    ``every(config)``: seconds between two runs, 0: never. ``nodes(config)``: the hosts of its plays.
    ``record(session, result)``: put into the rows what the hosts answered (`result.hosts`, `result.host_faults`).
    """

    kind: str
    every: Callable[[Config], float]
    nodes: Callable[[Config], Mapping[str, str]]
    record: Callable[[Session, RunResult], None]
    deadline_seconds: int = 60
