"""The metadata of a server."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import InvalidInput
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.servers import MetadataBody, MetadataItemBody
from tenrec_api.services.compute import metadata, servers

blueprint = Blueprint("server metadata", COMPUTE, "Names and values that a server's owner keeps with it")


@blueprint.route("/servers/<server_id>/metadata")
class ServerMetadata(MethodView):
    """All of a server's metadata."""

    @requires("compute:server:show")
    @blueprint.response(200, MetadataBody)
    def get(self, server_id):
        """Show it."""
        return jsonify({"metadata": servers.find(g.session, g.context, server_id).details})

    @requires("compute:server:metadata")
    @blueprint.arguments(MetadataBody)
    @blueprint.response(200, MetadataBody)
    def put(self, body, server_id):
        """Replace it."""
        return jsonify({"metadata": metadata.replace(g.session, g.context, server_id, body["metadata"]).details})

    @requires("compute:server:metadata")
    @blueprint.arguments(MetadataBody)
    @blueprint.response(200, MetadataBody)
    def post(self, body, server_id):
        """Add to it."""
        return jsonify({"metadata": metadata.merge(g.session, g.context, server_id, body["metadata"]).details})


@blueprint.route("/servers/<server_id>/metadata/<key>")
class ServerMetadataItem(MethodView):
    """One entry."""

    @requires("compute:server:show")
    @blueprint.response(200)
    def get(self, server_id, key):
        """Show it."""
        return jsonify({"meta": {key: metadata.item(servers.find(g.session, g.context, server_id), key)}})

    @requires("compute:server:metadata")
    @blueprint.arguments(MetadataItemBody)
    @blueprint.response(200, MetadataItemBody)
    def put(self, body, server_id, key):
        """Set it."""
        if list(body["meta"]) != [key]:
            raise InvalidInput(
                "Request body and URI mismatch: the body has one entry, under the key that the path names."
            )
        metadata.merge(g.session, g.context, server_id, body["meta"])
        return jsonify({"meta": body["meta"]})

    @requires("compute:server:metadata")
    @blueprint.response(204)
    def delete(self, server_id, key):
        """Remove it."""
        metadata.delete(g.session, g.context, server_id, key)
        return Response(status=204)
