"""Floating IPs: list, make, show, change, delete."""

from flask import Response, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, expected_revision, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.floatingips import FloatingIpAnswer, FloatingIpCreate, FloatingIpUpdate
from tenrec_api.services.network import floating_ips

blueprint = Blueprint("floatingips", NETWORK, "Floating IPs")
answer = FloatingIpAnswer()
Answer = enveloped("floatingip", answer, Schema)


@blueprint.route("/floatingips")
class FloatingIps(MethodView):
    """All floating IPs that the caller may see."""

    @requires("network:floating_ip:list")
    @blueprint.arguments(list_query("floatingips"), location="query")
    @blueprint.response(200, listed("floatingips", FloatingIpAnswer))
    def get(self, query):
        """List floating IPs."""
        return many("floatingips", answer, query)

    @requires("network:floating_ip:create")
    @blueprint.arguments(enveloped("floatingip", FloatingIpCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a floating IP."""
        return one("floatingip", answer, floating_ips.create(g.session, g.context, body["floatingip"]), 201)


@blueprint.route("/floatingips/<floating_ip_id>")
class FloatingIp(MethodView):
    """One floating IP."""

    @requires("network:floating_ip:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, floating_ip_id):
        """Show a floating IP."""
        row = floating_ips.show(g.session, g.context, floating_ip_id)
        return one("floatingip", answer, row, wanted=query["fields_wanted"])

    @requires("network:floating_ip:update")
    @blueprint.arguments(enveloped("floatingip", FloatingIpUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, floating_ip_id):
        """Change a floating IP."""
        row = floating_ips.update(g.session, g.context, floating_ip_id, body["floatingip"], expected_revision())
        return one("floatingip", answer, row)

    @requires("network:floating_ip:delete")
    @blueprint.response(204)
    def delete(self, floating_ip_id):
        """Delete a floating IP."""
        floating_ips.delete(g.session, g.context, floating_ip_id, expected_revision())
        return Response(status=204)
