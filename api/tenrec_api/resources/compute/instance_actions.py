"""What was done to a server."""

from flask import g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.instance_actions import describe, event
from tenrec_api.services.compute import instance_actions

blueprint = Blueprint("instance actions", COMPUTE, "The history of servers")


@blueprint.route("/servers/<server_id>/os-instance-actions")
class InstanceActions(MethodView):
    """A server's history; it can be read after the server is gone."""

    @requires("compute:instance_action:list")
    @blueprint.response(200)
    def get(self, server_id):
        """List the actions, latest first."""
        rows = instance_actions.listing(g.session, g.context, server_id)
        return jsonify({"instanceActions": [describe(row) for row in rows]})


@blueprint.route("/servers/<server_id>/os-instance-actions/<request_id>")
class InstanceAction(MethodView):
    """One action."""

    @requires("compute:instance_action:show")
    @blueprint.response(200)
    def get(self, server_id, request_id):
        """Show the action of one request, with its event: how it ended, and which task failed."""
        row = instance_actions.show(g.session, g.context, server_id, request_id)
        events = [event(row, g.context.is_admin)] if row.event else []
        return jsonify({"instanceAction": describe(row) | {"events": events}})
