"""Usage of projects: the time asked about, and the answer (Compute API 2.1)."""

from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields

from tenrec_api.schemas.base import Query
from tenrec_api.schemas.compute.server_views import iso_microseconds
from tenrec_api.services.compute.tenant_usage import ProjectUsage, ServerUsage

FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d")


class Moment(fields.String):
    """A time in UTC, in one of the forms that the reference reads."""

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        for form in FORMS:
            try:
                return datetime.strptime(text, form)
            except ValueError:
                continue
        raise ValidationError(f"'{text[:60]}' is not a time; valid: 2026-01-31T12:00:00.")


class UsageQuery(Query):
    """From when to when, and whether each server is to be listed (only ``1`` is yes)."""

    start = Moment()
    end = Moment()
    detailed = fields.String()


def describe(usage: ProjectUsage, detailed: bool) -> dict[str, Any]:
    """A project's usage."""
    body = {
        "tenant_id": usage.project_id,
        "total_hours": usage.total(),
        "total_vcpus_usage": usage.total("vcpus"),
        "total_memory_mb_usage": usage.total("memory_mib"),
        "total_local_gb_usage": usage.total("disk_gib"),
        "start": iso_microseconds(usage.start),
        "stop": iso_microseconds(usage.stop),
    }
    return body | {"server_usages": [_server(each) for each in usage.servers]} if detailed else body


def _server(usage: ServerUsage) -> dict[str, Any]:
    server = usage.server
    return {
        "instance_id": server.id,
        "name": server.name,
        "hours": usage.hours,
        "tenant_id": server.project_id,
        "flavor": server.flavor["name"],
        "vcpus": server.vcpus,
        "memory_mb": server.memory_mib,
        "local_gb": server.disk_gib,
        "started_at": iso_microseconds(server.launched_at),
        "ended_at": iso_microseconds(server.deleted_at),
        "state": "terminated" if server.deleted_at else server.status.lower(),
        "uptime": usage.uptime,
    }
