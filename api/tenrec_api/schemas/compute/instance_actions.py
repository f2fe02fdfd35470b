"""Actions of a server and their events as the answer shows them."""

from datetime import datetime
from typing import Any

from tenrec_api.models.instance_action import InstanceAction


def describe(row: InstanceAction) -> dict[str, Any]:
    """An action without its event."""
    return {
        "action": row.action,
        "instance_uuid": row.server_id,
        "message": row.message,
        "project_id": row.project_id,
        "request_id": row.request_id,
        "start_time": _time(row.started_at),
        "user_id": row.user_id,
    }


def event(row: InstanceAction, admin: bool) -> dict[str, Any]:
    """The action's event. `traceback` is where clients look for the reason: the failed task and what it said.

    Where it ran is for administrators.
    """
    reason = f"{row.task}: {row.details}" if row.task else None
    body = {
        "event": row.event,
        "start_time": _time(row.started_at),
        "finish_time": _time(row.finished_at),
        "result": row.result,
        "traceback": reason,
    }
    return body | {"host": row.host} if admin else body


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S.%f")
