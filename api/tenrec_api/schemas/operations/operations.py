"""Operations as operators see them: hosts, attempts and reasons included."""

from datetime import UTC, datetime

from marshmallow import Schema, fields, validate

from tenrec_api.schemas.base import Query, Time

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
RUN_STATUSES = ("successful", "failed", "timeout", "canceled")
TASK_STATUSES = ("ok", "changed", "skipped", "failed", "ignored", "unreachable")


class Moment(fields.NaiveDateTime):
    """A time of a query, naive inside. One at the end of the calendar has no place in another zone: it is refused."""

    def _deserialize(self, value, attr, data, **kwargs):
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


class OperationQuery(Query):
    """Filters of the list; `before` is the `sequence` of the last operation of the page before."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    kind = fields.String()
    resource_id = fields.String()
    project_id = fields.String()
    since = Moment(
        timezone=UTC,
        validate=validate.Range(datetime(1970, 1, 1), datetime(9999, 1, 1)),
        metadata={"description": "asked for at this time or later: ISO 8601, UTC if it names no zone"},
    )
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


class RunEvent(Schema):
    """What one task was on one host. `start` is UTC; `message` is there when the task failed."""

    play = fields.String()
    task = fields.String()
    host = fields.String()
    start = fields.String()
    seconds = fields.Float()
    status = fields.String(validate=validate.OneOf(TASK_STATUSES))
    message = fields.String()


class Run(Schema):
    """One playbook run. It may have been for other operations too, and tried again what an earlier one began.

    `kind` is the playbook's name: the operation's, or the one that removes what a failed run made.
    """

    id = fields.String()
    kind = fields.String()
    status = fields.String(validate=validate.OneOf(RUN_STATUSES))
    check = fields.Boolean(metadata={"description": "whether it only told what would change"})
    started_at = Time()
    seconds = fields.Float()
    nodes = fields.Dict(keys=fields.String(), values=fields.String())
    events = fields.List(fields.Nested(RunEvent), attribute="tasks")


class RunList(Schema):
    """The runs of an operation, first to last."""

    runs = fields.List(fields.Nested(Run))


class OperationList(Schema):
    """A page of operations, latest first."""

    operations = fields.List(fields.Nested(Operation))
