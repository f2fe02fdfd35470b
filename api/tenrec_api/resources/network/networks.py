"""Networks: list, make, show, change, delete."""

from flask import Response, current_app, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.config import Network as Settings
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, expected_revision, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.networks import NetworkAnswer, NetworkCreate, NetworkUpdate
from tenrec_api.services.network import networks

blueprint = Blueprint("networks", NETWORK, "Networks")
answer = NetworkAnswer()
Answer = enveloped("network", answer, Schema)


def _settings() -> Settings:
    return current_app.extensions["tenrec"].config.network


@blueprint.route("/networks")
class Networks(MethodView):
    """All networks that the caller may see."""

    @requires("network:network:list")
    @blueprint.arguments(list_query("networks"), location="query")
    @blueprint.response(200, listed("networks", NetworkAnswer))
    def get(self, query):
        """List networks."""
        return many("networks", answer, query)

    @requires("network:network:create")
    @blueprint.arguments(enveloped("network", NetworkCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a network."""
        return one("network", answer, networks.create(g.session, g.context, _settings(), body["network"]), 201)


@blueprint.route("/networks/<network_id>")
class Network(MethodView):
    """One network."""

    @requires("network:network:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, network_id):
        """Show a network."""
        row = networks.show(g.session, g.context, network_id)
        return one("network", answer, row, wanted=query["fields_wanted"])

    @requires("network:network:update")
    @blueprint.arguments(enveloped("network", NetworkUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, network_id):
        """Change a network."""
        row = networks.update(g.session, g.context, _settings(), network_id, body["network"], expected_revision())
        return one("network", answer, row)

    @requires("network:network:delete")
    @blueprint.response(204)
    def delete(self, network_id):
        """Delete a network."""
        networks.delete(g.session, g.context, network_id, expected_revision())
        return Response(status=204)
