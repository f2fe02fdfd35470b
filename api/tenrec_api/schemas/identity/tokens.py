"""POST /v3/auth/tokens: who asks, how it proves it, and for what scope (Identity API v3, "Authentication and token
management").
"""

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema


class Reference(Schema):
    """A domain by id or by name."""

    id = fields.String(validate=validate.Length(max=64))
    name = fields.String(validate=validate.Length(max=255))

    @validates_schema
    def _one_of_both(self, data, **kwargs):
        if not data:
            raise ValidationError("Give an id or a name.")


class ScopedReference(Reference):
    """A user or project: by id, or by name together with its domain."""

    domain = fields.Nested(Reference)

    @validates_schema
    def _name_needs_domain(self, data, **kwargs):
        if "id" not in data and "domain" not in data:
            raise ValidationError("A name needs a domain.")


class PasswordUser(ScopedReference):
    """The user and its password."""

    password = fields.String(required=True, validate=validate.Length(max=4096))


class PasswordMethod(Schema):
    """``{"user": {…}}``"""

    user = fields.Nested(PasswordUser, required=True)


class TokenMethod(Schema):
    """An older token to be re-scoped."""

    id = fields.String(required=True)


class IdentityPart(Schema):
    """How the caller proves who it is."""

    methods = fields.List(
        fields.String(validate=validate.OneOf(["password", "token"])),
        required=True,
        validate=validate.Length(min=1, max=2),
    )
    password = fields.Nested(PasswordMethod)
    token = fields.Nested(TokenMethod)

    @validates_schema
    def _each_method_is_there(self, data, **kwargs):
        missing = [method for method in data.get("methods", ()) if method not in data]
        if missing:
            raise ValidationError(f"The method {missing[0]} is named and not given.")


class ScopePart(Schema):
    """At most one of project, domain and system."""

    project = fields.Nested(ScopedReference)
    domain = fields.Nested(Reference)
    system = fields.Nested(Schema.from_dict({"all": fields.Boolean(required=True)}, name="SystemScope"))

    class Meta:
        unknown = INCLUDE

    @validates_schema
    def _only_one(self, data, **kwargs):
        if len(set(data) & {"project", "domain", "system"}) != 1:
            raise ValidationError("Give exactly one of project, domain, system.")


class Scope(fields.Field):
    """The scope: an object, or the word ``unscoped``."""

    def _deserialize(self, value, attr, data, **kwargs):
        return None if value == "unscoped" else ScopePart().load(value)


class AuthPart(Schema):
    """The content of ``auth``."""

    identity = fields.Nested(IdentityPart, required=True)
    scope = Scope(load_default="default")


class AuthRequest(Schema):
    """The whole body."""

    auth = fields.Nested(AuthPart, required=True)


class CatalogQuery(Schema):
    """``?nocatalog`` leaves the catalog out of the answer, whatever its value."""

    nocatalog = fields.String()
    allow_expired = fields.String()

    class Meta:
        unknown = INCLUDE
