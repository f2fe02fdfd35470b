"""Services: one on each compute node, which takes new servers or not."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import InvalidInput, NotFound
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.nodes import BINARY, ServiceQuery, ServiceUpdate, service, updated_service
from tenrec_api.services.compute import nodes
from tenrec_api.services.compute.nodes import ZONE

blueprint = Blueprint("services", COMPUTE, "The compute service of each node")


@blueprint.route("/os-services")
class Services(MethodView):
    """All services."""

    @requires("compute:service:list")
    @blueprint.arguments(ServiceQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List them."""
        found = nodes.listing(g.session) if query.get("binary", BINARY) == BINARY else []
        wanted = [each for each in found if query.get("host", each.node.name) == each.node.name]
        return jsonify({"services": [service(each, ZONE) for each in wanted]})


@blueprint.route("/os-services/<verb_or_id>")
class Service(MethodView):
    """A change is addressed by its verb, a deletion by the service's id."""

    @requires("compute:service:update")
    @blueprint.arguments(ServiceUpdate)
    @blueprint.response(200)
    def put(self, body, verb_or_id):
        """Let a node take new servers, or no longer."""
        verb = verb_or_id
        if verb not in ("enable", "disable", "disable-log-reason"):
            raise NotFound(f"Unknown action '{verb[:60]}'; valid: enable, disable, disable-log-reason.")
        if verb == "disable-log-reason" and "disabled_reason" not in body:
            raise InvalidInput("Missing disabled reason field.")
        node = nodes.set_enabled(g.session, body["host"], verb == "enable", body.get("disabled_reason"))
        return jsonify({"service": updated_service(node)})

    @requires("compute:service:delete")
    @blueprint.response(204)
    def delete(self, verb_or_id):
        """Forget a node on which no server is."""
        nodes.remove(g.session, verb_or_id)
        return Response(status=204)
