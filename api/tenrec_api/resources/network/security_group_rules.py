"""Security group rules: list, make, show, delete. A rule cannot be changed."""

from flask import Response, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.security_groups import RuleAnswer, RuleCreate
from tenrec_api.services.network import security_group_rules

blueprint = Blueprint("security_group_rules", NETWORK, "Security group rules")
answer = RuleAnswer()
Answer = enveloped("security_group_rule", answer, Schema)


@blueprint.route("/security-group-rules")
class SecurityGroupRules(MethodView):
    """All rules that the caller may see."""

    @requires("network:security_group_rule:list")
    @blueprint.arguments(list_query("security_group_rules"), location="query")
    @blueprint.response(200, listed("security_group_rules", RuleAnswer))
    def get(self, query):
        """List rules."""
        return many("security_group_rules", answer, query)

    @requires("network:security_group_rule:create")
    @blueprint.arguments(enveloped("security_group_rule", RuleCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a rule."""
        rule = security_group_rules.create(g.session, g.context, body["security_group_rule"])
        return one("security_group_rule", answer, rule, 201)


@blueprint.route("/security-group-rules/<rule_id>")
class SecurityGroupRule(MethodView):
    """One rule."""

    @requires("network:security_group_rule:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, rule_id):
        """Show a rule."""
        rule = security_group_rules.show(g.session, g.context, rule_id)
        return one("security_group_rule", answer, rule, wanted=query["fields_wanted"])

    @requires("network:security_group_rule:delete")
    @blueprint.response(204)
    def delete(self, rule_id):
        """Delete a rule."""
        security_group_rules.delete(g.session, g.context, rule_id)
        return Response(status=204)
