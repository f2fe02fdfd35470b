"""What all schemas share: strict bodies, times in the field's form, names with bounds, and the envelope.

OpenStack wraps each resource in an object with its name as the only key; `enveloped` and `listed` make that wrapper.
"""

from datetime import datetime
from functools import cache

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate


class Body(Schema):
    """A request's body, or a part of one: an attribute that is not known is refused by name."""

    class Meta:
        unknown = RAISE


class Query(Schema):
    """A query string: what is not known is left out, as the reference does."""

    class Meta:
        unknown = EXCLUDE


class PageQuery(Query):
    """The parameters of every list."""

    limit = fields.Integer(
        validate=validate.Range(min=0, max=2**31), metadata={"description": "the most rows to return"}
    )
    marker = fields.String(metadata={"description": "the id of the last row of the page before"})
    sort_key = fields.String()
    sort_dir = fields.String()


class Time(fields.Field):
    """A time in UTC, naive inside, ``2026-01-31T12:00:00Z`` outside."""

    def _serialize(self, value: datetime | None, attr, obj, **kwargs):
        return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


class MicrosecondTime(fields.Field):
    """A time in UTC as ``2026-01-31T12:00:00.000000`` and `suffix`: identity wants a Z, volumes want none."""

    def __init__(self, suffix: str = "Z", **kwargs):
        super().__init__(**kwargs)
        self.suffix = suffix

    def _serialize(self, value: datetime | None, attr, obj, **kwargs):
        return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S.%f") + self.suffix


class Name(fields.String):
    """A name: at most `maximum` characters, by default 255, and no control characters unless allowed."""

    def __init__(self, minimum: int = 0, maximum: int = 255, **kwargs):
        super().__init__(validate=validate.Length(min=minimum, max=maximum), **kwargs)


class Flag(fields.Boolean):
    """A boolean as clients write it: true, "True", "1", 1 …; any other value is refused."""

    default_error_messages = {"invalid": "Not a boolean; valid: true, false."}


class StringMap(fields.Dict):
    """Metadata: names and values are strings of at most 255 characters, at most `most` of them."""

    def __init__(self, most: int = 128, **kwargs):
        def few(value):
            if len(value) > most:
                raise ValidationError(f"At most {most} entries are allowed, not {len(value)}.")

        super().__init__(
            keys=fields.String(validate=validate.Length(min=1, max=255)),
            values=fields.String(validate=validate.Length(max=255)),
            validate=few,
            **kwargs,
        )


@cache
def enveloped(key: str, schema: type[Schema] | Schema, base: type[Schema] = Body) -> type[Schema]:
    """A schema of ``{key: {…}}``."""
    inner = schema if isinstance(schema, Schema) else schema()
    name = f"{type(inner).__name__}{'Change' if inner.partial else ''}Envelope"
    envelope = base.from_dict({key: fields.Nested(inner, required=True)}, name=name)
    envelope.__module__ = type(inner).__module__
    return envelope


@cache
def listed(key: str, schema: type[Schema]) -> type[Schema]:
    """A schema of ``{key: [{…}], key_links: […]}`` for answers."""
    members = {
        key: fields.List(fields.Nested(schema)),
        f"{key}_links": fields.List(fields.Dict()),
    }
    envelope = Schema.from_dict(members, name=f"{schema.__name__}List")
    envelope.__module__ = schema.__module__
    return envelope
