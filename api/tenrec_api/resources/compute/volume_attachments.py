"""Volumes of servers: put in, looked at, taken out."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.volume_attachments import (
    AttachmentBody,
    AttachmentCreateBody,
    AttachmentList,
    describe,
)
from tenrec_api.services.compute import attachments

blueprint = Blueprint("volume attachments", COMPUTE, "Volumes of servers")


@blueprint.route("/servers/<server_id>/os-volume_attachments")
class VolumeAttachments(MethodView):
    """All volumes of a server."""

    @requires("compute:volume_attachment:list")
    @blueprint.response(200, AttachmentList)
    def get(self, server_id):
        """List them."""
        rows = attachments.listing(g.session, g.context, server_id)
        return jsonify({"volumeAttachments": [describe(row) for row in rows]})

    @requires("compute:volume_attachment:create")
    @blueprint.arguments(AttachmentCreateBody)
    @blueprint.response(200, AttachmentBody)
    def post(self, body, server_id):
        """Give a volume to the server; the volume is in-use when the guest can see it."""
        wanted = body["attachment"]
        row = attachments.attach(g.session, g.context, server_id, wanted["volume_id"], wanted.get("device"))
        return jsonify({"volumeAttachment": describe(row)})


@blueprint.route("/servers/<server_id>/os-volume_attachments/<volume_id>")
class VolumeAttachment(MethodView):
    """One volume of a server."""

    @requires("compute:volume_attachment:show")
    @blueprint.response(200, AttachmentBody)
    def get(self, server_id, volume_id):
        """Show it."""
        return jsonify({"volumeAttachment": describe(attachments.show(g.session, g.context, server_id, volume_id))})

    @requires("compute:volume_attachment:delete")
    @blueprint.response(202)
    def delete(self, server_id, volume_id):
        """Take it out; the volume is available again when the guest has let go."""
        attachments.detach(g.session, g.context, server_id, volume_id)
        return Response(status=202)
