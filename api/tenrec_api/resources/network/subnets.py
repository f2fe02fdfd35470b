"""Subnets: list, make, show, change, delete."""

from flask import Response, current_app, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.config import Network as Settings
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, expected_revision, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.subnets import SubnetAnswer, SubnetCreate, SubnetUpdate
from tenrec_api.services.network import subnets

blueprint = Blueprint("subnets", NETWORK, "Subnets")
answer = SubnetAnswer()
Answer = enveloped("subnet", answer, Schema)


def _settings() -> Settings:
    return current_app.extensions["tenrec"].config.network


@blueprint.route("/subnets")
class Subnets(MethodView):
    """All subnets that the caller may see."""

    @requires("network:subnet:list")
    @blueprint.arguments(list_query("subnets"), location="query")
    @blueprint.response(200, listed("subnets", SubnetAnswer))
    def get(self, query):
        """List subnets."""
        return many("subnets", answer, query)

    @requires("network:subnet:create")
    @blueprint.arguments(enveloped("subnet", SubnetCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a subnet."""
        return one("subnet", answer, subnets.create(g.session, g.context, _settings(), body["subnet"]), 201)


@blueprint.route("/subnets/<subnet_id>")
class Subnet(MethodView):
    """One subnet."""

    @requires("network:subnet:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, subnet_id):
        """Show a subnet."""
        row = subnets.show(g.session, g.context, subnet_id)
        return one("subnet", answer, row, wanted=query["fields_wanted"])

    @requires("network:subnet:update")
    @blueprint.arguments(enveloped("subnet", SubnetUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, subnet_id):
        """Change a subnet."""
        row = subnets.update(g.session, g.context, subnet_id, body["subnet"], expected_revision())
        return one("subnet", answer, row)

    @requires("network:subnet:delete")
    @blueprint.response(204)
    def delete(self, subnet_id):
        """Delete a subnet."""
        subnets.delete(g.session, g.context, subnet_id, expected_revision())
        return Response(status=204)
