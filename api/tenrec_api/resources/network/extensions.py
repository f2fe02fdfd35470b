"""What else there is: extensions, availability zones, tags."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import NETWORK
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.extensions import ExtensionAnswer, Tags, ZoneAnswer
from tenrec_api.services.network import extensions, tags

blueprint = Blueprint("extensions", NETWORK, "Extensions, availability zones and tags")


@blueprint.route("/extensions")
class Extensions(MethodView):
    """What is there beyond the core."""

    @requires("network:extension:list")
    @blueprint.response(200, listed("extensions", ExtensionAnswer))
    def get(self):
        """List extensions."""
        return jsonify({"extensions": extensions.listing()})


@blueprint.route("/extensions/<alias>")
class Extension(MethodView):
    """One extension."""

    @requires("network:extension:show")
    @blueprint.response(200, enveloped("extension", ExtensionAnswer))
    def get(self, alias):
        """Show an extension; 404 means that it is not supported."""
        return jsonify({"extension": extensions.show(alias)})


@blueprint.route("/availability_zones")
class AvailabilityZones(MethodView):
    """The zones."""

    @requires("network:availability_zone:list")
    @blueprint.response(200, listed("availability_zones", ZoneAnswer))
    def get(self):
        """List availability zones."""
        return jsonify({"availability_zones": extensions.availability_zones()})


@blueprint.route("/<collection>/<resource_id>/tags")
class ResourceTags(MethodView):
    """The tags of a resource."""

    @requires("network:tag:list")
    @blueprint.response(200, Tags)
    def get(self, collection, resource_id):
        """List tags."""
        return {"tags": tags.show(g.session, g.context, collection, resource_id)}

    @requires("network:tag:update")
    @blueprint.arguments(Tags)
    @blueprint.response(200, Tags)
    def put(self, body, collection, resource_id):
        """Replace all tags."""
        return {"tags": tags.replace(g.session, g.context, collection, resource_id, body["tags"])}

    @requires("network:tag:delete")
    @blueprint.response(204)
    def delete(self, collection, resource_id):
        """Remove all tags."""
        tags.replace(g.session, g.context, collection, resource_id, [])
        return Response(status=204)


@blueprint.route("/<collection>/<resource_id>/tags/<tag>")
class ResourceTag(MethodView):
    """One tag of a resource."""

    @requires("network:tag:list")
    @blueprint.response(204)
    def get(self, collection, resource_id, tag):
        """Look whether a tag is there: 204 or 404."""
        tags.require(g.session, g.context, collection, resource_id, tag)
        return Response(status=204)

    @requires("network:tag:update")
    @blueprint.response(201)
    def put(self, collection, resource_id, tag):
        """Add a tag."""
        tags.add(g.session, g.context, collection, resource_id, tag)
        return Response(status=201)

    @requires("network:tag:delete")
    @blueprint.response(204)
    def delete(self, collection, resource_id, tag):
        """Remove a tag."""
        tags.remove(g.session, g.context, collection, resource_id, tag)
        return Response(status=204)
