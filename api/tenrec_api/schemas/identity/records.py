"""Bodies of the identity API's nouns. Attributes that are not known are the caller's own and come back as they were
given.
"""

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validate

from tenrec_api.schemas.base import Flag, Name, Query

DESCRIPTION = validate.Length(max=65535)
MAX_EXTRA = 64


class Record(Schema):
    """A body whose unknown attributes are collected in ``extra``."""

    class Meta:
        unknown = INCLUDE

    # Clients send these along and they are not theirs to set.
    ignored = ("id", "links", "options")

    @post_load
    def _collect_extra(self, data: dict, **kwargs) -> dict:
        known = {field.attribute or name for name, field in self.fields.items()}
        own = {name: data.pop(name) for name in set(data) - known}
        for name in self.ignored:
            own.pop(name, None)
        if len(own) > MAX_EXTRA or any(not 0 < len(name) <= 255 for name in own):
            raise ValidationError(f"At most {MAX_EXTRA} attributes of one's own, with names of 1 to 255 characters.")
        return {**data, "extra": own} if own else data


def _name(maximum: int = 255) -> Name:
    return Name(minimum=1, maximum=maximum, required=True)


class Domain(Record):
    """A domain."""

    name = _name(64)
    description = fields.String(validate=DESCRIPTION)
    enabled = Flag()


class Project(Record):
    """A project; without a domain it is in the caller's."""

    name = _name(64)
    domain_id = fields.String(validate=validate.Length(max=64))
    parent_id = fields.String(validate=validate.Length(max=64), allow_none=True)
    description = fields.String(validate=DESCRIPTION)
    enabled = Flag()
    tags = fields.List(fields.String(validate=validate.Length(min=1, max=255)), validate=validate.Length(max=80))
    is_domain = Flag(validate=validate.Equal(False, error="A project cannot be a domain here; create a domain."))

    @post_load
    def _drop_is_domain(self, data: dict, **kwargs) -> dict:
        data.pop("is_domain", None)
        return data


class User(Record):
    """A user; without a domain it is in the caller's."""

    name = _name()
    domain_id = fields.String(validate=validate.Length(max=64))
    default_project_id = fields.String(validate=validate.Length(max=64), allow_none=True)
    description = fields.String(validate=DESCRIPTION, allow_none=True)
    email = fields.String(validate=validate.Length(max=255), allow_none=True)
    enabled = Flag()
    password = fields.String(validate=validate.Length(min=1, max=4096), allow_none=True, load_only=True)


class Role(Record):
    """A role."""

    name = _name()
    description = fields.String(validate=DESCRIPTION, allow_none=True)
    domain_id = fields.Raw(validate=validate.Equal(None, error="Roles of a domain are not supported."), allow_none=True)

    @post_load
    def _drop_domain(self, data: dict, **kwargs) -> dict:
        data.pop("domain_id", None)
        return data


class Region(Schema):
    """A region; its id may be chosen."""

    id = fields.String(validate=validate.Length(min=1, max=255))
    description = fields.String(validate=DESCRIPTION)
    parent_region_id = fields.String(validate=validate.Length(max=255), allow_none=True)


class Service(Record):
    """A service of the catalog."""

    type = Name(minimum=1, required=True)
    name = Name()
    description = fields.String(validate=DESCRIPTION)
    enabled = Flag()


class Endpoint(Record):
    """Where one interface of a service is."""

    service_id = fields.String(required=True, validate=validate.Length(max=64))
    region_id = fields.String(validate=validate.Length(max=255), allow_none=True)
    interface = fields.String(required=True, validate=validate.OneOf(["public", "internal", "admin"]))
    url = fields.String(required=True, validate=validate.Length(min=1, max=2048))
    enabled = Flag()
    region = fields.String(load_only=True, validate=validate.Length(max=255))

    @post_load
    def _region_is_region_id(self, data: dict, **kwargs) -> dict:
        region = data.pop("region", None)
        return {"region_id": region, **data} if region else data


class PasswordChange(Schema):
    """A user's own change of password."""

    original_password = fields.String(required=True, validate=validate.Length(max=4096))
    password = fields.String(required=True, validate=validate.Length(min=1, max=4096))


class RecordQuery(Query):
    """Filters of the lists; which of them count depends on the noun."""

    name = fields.String()
    name__contains = fields.String()
    domain_id = fields.String()
    parent_id = fields.String()
    enabled = Flag()
    type = fields.String()
    service_id = fields.String()
    region_id = fields.String()
    interface = fields.String()
    parent_region_id = fields.String()


class AssignmentQuery(Query):
    """Filters of the role assignments, spelt as the API spells them."""

    user_id = fields.String(data_key="user.id")
    role_id = fields.String(data_key="role.id")
    project_id = fields.String(data_key="scope.project.id")
    domain_id = fields.String(data_key="scope.domain.id")
    system = fields.String(data_key="scope.system")
    group_id = fields.String(data_key="group.id")
    include_names = fields.String()
    effective = fields.String()
