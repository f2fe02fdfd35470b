"""Volumes of servers: requests and answers (Compute API 2.1)."""

from typing import Any

from marshmallow import Schema, fields, validate

from tenrec_api.models.volume import VolumeAttachment
from tenrec_api.schemas.base import Body
from tenrec_api.schemas.compute.fields import Uuid


class AttachmentCreate(Body):
    """The content of ``volumeAttachment``."""

    volume_id = Uuid(data_key="volumeId", required=True)
    device = fields.String(allow_none=True, validate=validate.Length(max=255))


class AttachmentCreateBody(Body):
    """The whole body."""

    attachment = fields.Nested(AttachmentCreate, data_key="volumeAttachment", required=True)


class Attachment(Schema):
    """A volume in a server."""

    id = fields.String()
    volumeId = fields.String()
    serverId = fields.String()
    device = fields.String()


class AttachmentBody(Schema):
    """``{"volumeAttachment": …}``"""

    volumeAttachment = fields.Nested(Attachment)


class AttachmentList(Schema):
    """``{"volumeAttachments": […]}``"""

    volumeAttachments = fields.List(fields.Nested(Attachment))


def describe(row: VolumeAttachment) -> dict[str, Any]:
    """An attachment; in this API its id is the volume's."""
    return {
        "id": row.volume_id,
        "volumeId": row.volume_id,
        "serverId": row.server_id,
        "device": f"/dev/{row.device}",
    }
