"""Drift as operators see it, hosts included."""

from marshmallow import Schema, fields, validate

from tenrec_api.models.finding import PROBLEMS
from tenrec_api.schemas.base import Body, Time


class Finding(Schema):
    """One difference between a host and the database. Times are UTC."""

    resource_type = fields.String(metadata={"description": "server, port, volume …; domain: of another make"})
    resource_id = fields.String()
    host = fields.String()
    problem = fields.String(
        validate=validate.OneOf(PROBLEMS),
        metadata={
            "description": "missing, changed: on the host, of what the database has; orphaned: it has no such thing; "
            "failed: it could not be looked at"
        },
    )
    detail = fields.String()
    repairable = fields.Boolean(metadata={"description": "a playbook of the cloud can set it right"})
    operation_id = fields.String(allow_none=True, metadata={"description": "the repair, if one was asked for"})
    found_at = Time()


class FindingList(Schema):
    """The findings of the last comparison; `compared_at` is null when there was none yet."""

    compared_at = Time()
    findings = fields.List(fields.Nested(Finding))


class ReconcileRequest(Body):
    """What a comparison is to do."""

    repair = fields.Boolean(
        load_default=False,
    )
