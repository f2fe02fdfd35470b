"""Ports: list, make, show, change, delete."""

from flask import Response, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, expected_revision, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.ports import PortAnswer, PortCreate, PortUpdate
from tenrec_api.services.network import ports

blueprint = Blueprint("ports", NETWORK, "Ports")
answer = PortAnswer()
Answer = enveloped("port", answer, Schema)


@blueprint.route("/ports")
class Ports(MethodView):
    """All ports that the caller may see."""

    @requires("network:port:list")
    @blueprint.arguments(list_query("ports"), location="query")
    @blueprint.response(200, listed("ports", PortAnswer))
    def get(self, query):
        """List ports."""
        return many("ports", answer, query)

    @requires("network:port:create")
    @blueprint.arguments(enveloped("port", PortCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a port."""
        return one("port", answer, ports.create(g.session, g.context, body["port"]), 201)


@blueprint.route("/ports/<port_id>")
class Port(MethodView):
    """One port."""

    @requires("network:port:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, port_id):
        """Show a port."""
        row = ports.show(g.session, g.context, port_id)
        return one("port", answer, row, wanted=query["fields_wanted"])

    @requires("network:port:update")
    @blueprint.arguments(enveloped("port", PortUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, port_id):
        """Change a port."""
        row = ports.update(g.session, g.context, port_id, body["port"], expected_revision())
        return one("port", answer, row)

    @requires("network:port:delete")
    @blueprint.response(204)
    def delete(self, port_id):
        """Delete a port."""
        ports.delete(g.session, g.context, port_id, expected_revision())
        return Response(status=204)
