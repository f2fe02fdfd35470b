"""Allocations of one consumer, which is a server."""

from flask import g, jsonify
from flask.views import MethodView

from tenrec_api.apis import PLACEMENT
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.services.placement import providers

blueprint = Blueprint("allocations", PLACEMENT, "What servers were given")


@blueprint.route("/allocations/<consumer_id>")
class Allocations(MethodView):
    """What a server was given, and of which provider."""

    @requires("placement:allocation:show")
    @blueprint.response(200)
    def get(self, consumer_id):
        """Show it; empty for what has nothing."""
        found = providers.allocations_of_consumer(g.session, consumer_id)
        if found is None:
            return jsonify({"allocations": {}})
        node, resources = found
        return jsonify({"allocations": {node.id: {"generation": providers.generation(node), "resources": resources}}})
