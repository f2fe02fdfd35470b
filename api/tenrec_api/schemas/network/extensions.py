"""Extensions, availability zones and tags."""

from marshmallow import Schema, fields, validate

from tenrec_api.schemas.base import Body


class ExtensionAnswer(Schema):
    """An extension."""

    alias = fields.String()
    name = fields.String()
    description = fields.String()
    updated = fields.String()
    links = fields.List(fields.Dict())


class ZoneAnswer(Schema):
    """An availability zone."""

    name = fields.String()
    resource = fields.String()
    state = fields.String()


class Tags(Body):
    """All tags of a resource."""

    tags = fields.List(
        fields.String(
            validate=[validate.Length(min=1, max=60), validate.ContainsNoneOf(",", error="A tag has no comma.")]
        ),
        required=True,
    )
