"""Volumes on the way in and out (Block Storage API v3.0)."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from tenrec_api.schemas.base import Body, Flag, MicrosecondTime, Name, PageQuery, StringMap

MAX_GIB = 64 * 1024
TYPE_NAME = "standard"


class VolumeCreate(Body):
    """A volume to be made. Sources other than an image, and null for those not used, as clients send them."""

    size = fields.Integer(required=True, validate=validate.Range(1, MAX_GIB), metadata={"description": "GiB"})
    name = Name(allow_none=True)
    description = fields.String(allow_none=True, validate=validate.Length(max=255))
    imageRef = fields.String(allow_none=True, validate=validate.Length(max=255))
    metadata = StringMap(allow_none=True)
    availability_zone = fields.String(allow_none=True, validate=validate.Length(max=255))
    volume_type = fields.String(allow_none=True, validate=validate.Length(max=255))
    multiattach = Flag(allow_none=True)
    snapshot_id = fields.String(allow_none=True)
    source_volid = fields.String(allow_none=True)
    consistencygroup_id = fields.String(allow_none=True)
    backup_id = fields.String(allow_none=True)
    scheduler_hints = fields.Dict(allow_none=True)
    # Sent by older clients and without a meaning any more.
    status = fields.String(allow_none=True)
    user_id = fields.String(allow_none=True)
    project_id = fields.String(allow_none=True)
    attach_status = fields.String(allow_none=True)
    source_replica = fields.String(allow_none=True)

    @validates_schema
    def _only_what_works(self, data, **kwargs):
        for name in ("snapshot_id", "source_volid", "consistencygroup_id", "backup_id"):
            if data.get(name):
                raise ValidationError("Not supported; a volume is made empty or of an image (imageRef).", name)
        if data.get("multiattach"):
            raise ValidationError("Not supported; a volume can be in one server at a time.", "multiattach")
        if data.get("volume_type") not in (None, "", TYPE_NAME, "__DEFAULT__"):
            raise ValidationError(f"There is no such volume type; valid: {TYPE_NAME}.", "volume_type")
        if data.get("availability_zone") not in (None, "", "nova"):
            raise ValidationError("There is no such availability zone; valid: nova.", "availability_zone")


class VolumeCreateRequest(Body):
    """The whole body of a create."""

    volume = fields.Nested(VolumeCreate, required=True)
    scheduler_hints = fields.Dict(data_key="OS-SCH-HNT:scheduler_hints", allow_none=True)


class VolumeUpdate(Body):
    """What may be changed of a volume."""

    name = Name(allow_none=True)
    display_name = Name(allow_none=True)
    description = fields.String(allow_none=True, validate=validate.Length(max=255))
    display_description = fields.String(allow_none=True, validate=validate.Length(max=255))
    metadata = StringMap()


class VolumeQuery(PageQuery):
    """Filters of the list."""

    name = fields.String()
    status = fields.String()
    id = fields.String()
    bootable = Flag()
    availability_zone = fields.String()
    all_tenants = Flag()
    project_id = fields.String()
    sort = fields.String()
    offset = fields.Integer(validate=validate.Range(0, 2**31))


class Attachment(Schema):
    """Where a volume is."""

    id = fields.Function(lambda attachment: attachment.volume_id)
    attachment_id = fields.String(attribute="id")
    volume_id = fields.String()
    server_id = fields.String()
    device = fields.Function(lambda attachment: f"/dev/{attachment.device}")
    host_name = fields.Constant(None)
    attached_at = MicrosecondTime(suffix="")


class Volume(Schema):
    """A volume; its links are added where the URL is known."""

    id = fields.String()
    name = fields.Function(lambda volume: volume.name or "")
    description = fields.String(allow_none=True)
    size = fields.Integer(attribute="size_gib")
    status = fields.String()
    bootable = fields.Function(lambda volume: "true" if volume.bootable else "false")
    encrypted = fields.Constant(False)
    multiattach = fields.Constant(False)
    volume_type = fields.Constant(TYPE_NAME)
    availability_zone = fields.String()
    user_id = fields.String()
    metadata = fields.Dict(attribute="details")
    attachments = fields.Function(
        lambda volume: Attachment(many=True).dump([each for each in volume.attachments if each.attached_at])
    )
    snapshot_id = fields.Constant(None)
    source_volid = fields.Constant(None)
    consistencygroup_id = fields.Constant(None)
    replication_status = fields.Constant(None)
    migration_status = fields.Constant(None)
    tenant_id = fields.String(attribute="project_id", data_key="os-vol-tenant-attr:tenant_id")
    created_at = MicrosecondTime(suffix="")
    updated_at = MicrosecondTime(suffix="")


class AdminVolume(Volume):
    """A volume as an administrator sees it: where it is, and why it failed."""

    host = fields.String(attribute="node", data_key="os-vol-host-attr:host")
    migstat = fields.Constant(None, data_key="os-vol-mig-status-attr:migstat")
    name_id = fields.Constant(None, data_key="os-vol-mig-status-attr:name_id")


def describe(volume, admin: bool) -> dict:
    """A volume for an administrator or for its owner; the image's part is there only when there was an image."""
    body = (AdminVolume() if admin else Volume()).dump(volume)
    if volume.image:
        body["volume_image_metadata"] = volume.image
    return body
