"""Images on the way in and out (Image API v2): fixed attributes, and any others as strings of the owner's own."""

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validate

from tenrec_api.schemas.base import Flag, Name, PageQuery, Time

DISK_FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso")
CONTAINER_FORMATS = ("bare",)
VISIBILITIES = ("public", "private", "shared", "community")
# Set by the service only; a client that names them is refused.
READ_ONLY = (
    "status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "created_at", "updated_at",
    "self", "file", "schema", "direct_url", "locations", "stores", "deleted", "deleted_at",
)  # fmt: skip
MAX_PROPERTIES = 128


class ImageAttributes(Schema):
    """What an owner may set, at creation and by a patch."""

    id = fields.UUID()
    name = Name(allow_none=True)
    disk_format = fields.String(validate=validate.OneOf(DISK_FORMATS), allow_none=True)
    container_format = fields.String(validate=validate.OneOf(CONTAINER_FORMATS), allow_none=True)
    visibility = fields.String(validate=validate.OneOf(VISIBILITIES))
    min_disk = fields.Integer(strict=True, validate=validate.Range(0, 2**31 - 1))
    min_ram = fields.Integer(strict=True, validate=validate.Range(0, 2**31 - 1))
    protected = Flag()
    hidden = Flag(data_key="os_hidden")
    owner = fields.String(validate=validate.Length(max=64), allow_none=True)
    tags = fields.List(fields.String(validate=validate.Length(min=1, max=255)), validate=validate.Length(max=128))

    class Meta:
        unknown = INCLUDE

    @post_load
    def _collect_properties(self, data: dict, **kwargs) -> dict:
        """Move the owner's own attributes into ``properties``."""
        own = {
            name: data.pop(name) for name in set(data) - {field.attribute or key for key, field in self.fields.items()}
        }
        for name, value in own.items():
            check_property(name, value)
        if len(own) > MAX_PROPERTIES:
            raise ValidationError(f"At most {MAX_PROPERTIES} properties are allowed, not {len(own)}.")
        if "tags" in data:
            data["tags"] = list(dict.fromkeys(data["tags"]))
        return {**data, "properties": own}


def check_property(name: str, value) -> None:
    """Raise ValidationError unless `name` may be an owner's property with `value`."""
    if name in READ_ONLY:
        raise ValidationError(f"The attribute {name} is read-only.", name)
    if not 0 < len(name) <= 255:
        raise ValidationError("The name of a property has 1 to 255 characters.", name[:60])
    if not isinstance(value, str) or len(value) > 65535:
        raise ValidationError("A property is a string of at most 65535 characters.", name[:60])


class ImageQuery(PageQuery):
    """Filters of the list. `sort` is ``key:direction`` with commas; any unknown parameter filters a property."""

    name = fields.String()
    id = fields.String()
    owner = fields.String()
    status = fields.String()
    visibility = fields.String()
    member_status = fields.String()
    disk_format = fields.String()
    container_format = fields.String()
    protected = Flag()
    os_hidden = Flag(load_default=False)
    tag = fields.List(fields.String())
    sort = fields.String()
    size_min = fields.Integer()
    size_max = fields.Integer()


class Image(Schema):
    """An image as it is answered; the owner's properties stand beside these."""

    id = fields.String()
    name = fields.String(allow_none=True)
    status = fields.String()
    visibility = fields.String()
    owner = fields.String(attribute="project_id")
    disk_format = fields.String(allow_none=True)
    container_format = fields.String(allow_none=True)
    min_disk = fields.Integer()
    min_ram = fields.Integer()
    protected = fields.Boolean()
    os_hidden = fields.Boolean(attribute="hidden")
    size = fields.Integer(allow_none=True)
    virtual_size = fields.Integer(allow_none=True)
    checksum = fields.String(attribute="md5", allow_none=True)
    os_hash_algo = fields.Function(lambda image: "sha512" if image.sha512 else None)
    os_hash_value = fields.String(attribute="sha512", allow_none=True)
    tags = fields.List(fields.String())
    created_at = Time()
    updated_at = fields.Function(lambda image: Time()._serialize(image.updated_at or image.created_at, "", image))
    self = fields.Function(lambda image: f"/v2/images/{image.id}")
    file = fields.Function(lambda image: f"/v2/images/{image.id}/file")
    schema = fields.Function(lambda image: "/v2/schemas/image")


def describe(image) -> dict:
    """An image with its owner's properties beside its own attributes."""
    return {**image.properties, **Image().dump(image)}


class ImageList(Schema):
    """A page of images."""

    images = fields.List(fields.Nested(Image))
    first = fields.String()
    next = fields.String()
    schema = fields.String()
