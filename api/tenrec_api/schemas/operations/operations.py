"""Operations as operators see them: hosts, attempts and reasons included."""

from marshmallow import Schema, fields, validate

from tenrec_api.schemas.base import Query, Time

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")


class OperationQuery(Query):
    """Filters of the list; `before` is the `sequence` of the last operation of the page before."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    kind = fields.String()
    resource_id = fields.String()
    project_id = fields.String()
    before = fields.Integer(validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class Operation(Schema):
    """One operation: a playbook run that a resource waits for. Times are UTC; `deadline_seconds` is of one run."""

    id = fields.String()
    sequence = fields.Integer()
    kind = fields.String(metadata={"description": "the playbook's name"})
    status = fields.String(validate=validate.OneOf(STATUSES))
    project_id = fields.String(allow_none=True)
    user_id = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    resource_type = fields.String()
    resource_id = fields.String()
    nodes = fields.Dict(keys=fields.String(), values=fields.String())
    attempts = fields.Integer()
    max_attempts = fields.Integer()
    deadline_seconds = fields.Integer(allow_none=True)
    cancel_requested = fields.Boolean()
    failed_task = fields.String(allow_none=True)
    failed_host = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    created_at = Time()
    started_at = Time()
    finished_at = Time()


class OperationList(Schema):
    """A page of operations, latest first."""

    operations = fields.List(fields.Nested(Operation))
