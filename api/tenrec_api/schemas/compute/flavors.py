"""Flavors: requests, filters and answers (Compute API 2.1)."""

from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema

from tenrec_api.models.flavor import Flavor
from tenrec_api.schemas.base import Body, Flag, PageQuery
from tenrec_api.schemas.compute.fields import ServerName
from tenrec_api.schemas.compute.server_views import links

MOST = 2**31 - 1
KEY = validate.Regexp(
    r"^[a-zA-Z0-9\-_:. ]{1,255}\Z", error="A key has 1 to 255 of: letters, digits, - _ : . and space."
)


class FlavorId(fields.String):
    """1 to 255 of letters, digits, ``. - _`` and space; a number is taken as text; null or ``auto``: a new UUID."""

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        text = super()._deserialize(value, attr, data, **kwargs)
        if (
            not 1 <= len(text) <= 255
            or text != text.strip()
            or not all(c.isascii() and (c.isalnum() or c in ".-_ ") for c in text)
        ):
            raise ValidationError("An id has 1 to 255 of: letters, digits, . - _ and space inside.")
        return text


class FlavorCreate(Body):
    """The content of ``flavor``."""

    id = FlavorId(allow_none=True)
    name = ServerName(required=True)
    ram_mib = fields.Integer(data_key="ram", required=True, validate=validate.Range(min=1, max=MOST))
    vcpus = fields.Integer(required=True, validate=validate.Range(min=1, max=1024))
    disk_gib = fields.Integer(data_key="disk", required=True, validate=validate.Range(min=0, max=2**20))
    rxtx_factor = fields.Float(validate=validate.Range(min=0, min_inclusive=False, max=3.4e38), allow_none=True)
    is_public = Flag(data_key="os-flavor-access:is_public")
    ephemeral = fields.Integer(data_key="OS-FLV-EXT-DATA:ephemeral", allow_none=True)
    swap = fields.Integer(allow_none=True)

    @pre_load
    def _no_empty_swap(self, data, **kwargs):
        if isinstance(data, dict) and data.get("swap") == "":
            return {**data, "swap": 0}
        return data

    @post_load
    def _refuse_extra_disks(self, data: dict[str, Any], **kwargs):
        for name in ("ephemeral", "swap"):
            if data.pop(name, None):
                raise ValidationError("Extra disks are not supported; valid: 0.", name)
        if data.get("rxtx_factor") is None:
            data.pop("rxtx_factor", None)
        return data


class FlavorCreateBody(Body):
    """The whole body."""

    flavor = fields.Nested(FlavorCreate, required=True)


class MaybePublic(fields.Field):
    """``is_public``: true, false, or the word None for both."""

    def _deserialize(self, value, attr, data, **kwargs):
        return None if value.lower() == "none" else Flag().deserialize(value)


class FlavorQuery(PageQuery):
    """The filters of a list of flavors."""

    min_ram_mib = fields.Integer(data_key="minRam", validate=validate.Range(min=0, max=MOST))
    min_disk_gib = fields.Integer(data_key="minDisk", validate=validate.Range(min=0, max=MOST))
    is_public = MaybePublic()


class ExtraSpecBody(Schema):
    """One extra spec: its key and its value."""

    class Meta:
        unknown = INCLUDE

    @validates_schema
    def _as_all(self, data, **kwargs):
        ExtraSpecsBody().load({"extra_specs": data})


class ExtraSpecsBody(Body):
    """Extra specs to be added."""

    extra_specs = fields.Dict(
        keys=fields.String(validate=KEY),
        values=fields.String(validate=validate.Length(max=255)),
        required=True,
        validate=validate.Length(max=128),
    )


class AccessAction(Body):
    """addTenantAccess or removeTenantAccess: exactly one."""

    add = fields.Dict(
        keys=fields.String(), values=fields.String(validate=validate.Length(max=64)), data_key="addTenantAccess"
    )
    remove = fields.Dict(
        keys=fields.String(), values=fields.String(validate=validate.Length(max=64)), data_key="removeTenantAccess"
    )

    @post_load
    def _one(self, data, **kwargs):
        if len(data) != 1:
            raise ValidationError("Give one of addTenantAccess, removeTenantAccess.")
        ((name, argument),) = data.items()
        if set(argument) != {"tenant"}:
            raise ValidationError("Give the project's id as 'tenant'.")
        return {"project_id": argument["tenant"], "allowed": name == "add"}


def summary(flavor: Flavor, root: str) -> dict[str, Any]:
    """A flavor in a list."""
    return {"id": flavor.id, "name": flavor.name, "links": links(root, f"/flavors/{flavor.id}")}


def detail(flavor: Flavor, root: str) -> dict[str, Any]:
    """A flavor, whole."""
    return {
        "id": flavor.id,
        "name": flavor.name,
        "ram": flavor.ram_mib,
        "vcpus": flavor.vcpus,
        "disk": flavor.disk_gib,
        "swap": "",
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": flavor.is_public,
        "rxtx_factor": flavor.rxtx_factor,
        "links": links(root, f"/flavors/{flavor.id}"),
    }
