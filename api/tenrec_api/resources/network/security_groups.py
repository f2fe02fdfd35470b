"""Security groups: list, make, show, change, delete."""

from flask import Response, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, expected_revision, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.security_groups import SecurityGroupAnswer, SecurityGroupCreate, SecurityGroupUpdate
from tenrec_api.services.network import security_groups

blueprint = Blueprint("security_groups", NETWORK, "Security groups")
answer = SecurityGroupAnswer()
Answer = enveloped("security_group", answer, Schema)


@blueprint.route("/security-groups")
class SecurityGroups(MethodView):
    """All security groups that the caller may see."""

    @requires("network:security_group:list")
    @blueprint.arguments(list_query("security_groups"), location="query")
    @blueprint.response(200, listed("security_groups", SecurityGroupAnswer))
    def get(self, query):
        """List security groups."""
        return many("security_groups", answer, query)

    @requires("network:security_group:create")
    @blueprint.arguments(enveloped("security_group", SecurityGroupCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a security group."""
        return one("security_group", answer, security_groups.create(g.session, g.context, body["security_group"]), 201)


@blueprint.route("/security-groups/<security_group_id>")
class SecurityGroup(MethodView):
    """One security group."""

    @requires("network:security_group:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, security_group_id):
        """Show a security group."""
        row = security_groups.show(g.session, g.context, security_group_id)
        return one("security_group", answer, row, wanted=query["fields_wanted"])

    @requires("network:security_group:update")
    @blueprint.arguments(enveloped("security_group", SecurityGroupUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, security_group_id):
        """Change a security group."""
        row = security_groups.update(
            g.session, g.context, security_group_id, body["security_group"], expected_revision()
        )
        return one("security_group", answer, row)

    @requires("network:security_group:delete")
    @blueprint.response(204)
    def delete(self, security_group_id):
        """Delete a security group."""
        security_groups.delete(g.session, g.context, security_group_id, expected_revision())
        return Response(status=204)
