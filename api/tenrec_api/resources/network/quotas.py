"""Quotas: how many of each resource a project may have."""

from flask import Response, g, jsonify
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.exceptions import Forbidden
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.quotas import QuotaAnswer, QuotaUpdate
from tenrec_api.services.network import quotas

blueprint = Blueprint("quotas", NETWORK, "Quotas")
Answer = enveloped("quota", QuotaAnswer, Schema)


@blueprint.route("/quotas")
class Quotas(MethodView):
    """The limits that differ from the defaults."""

    @requires("network:quota:list")
    @blueprint.response(200, listed("quotas", QuotaAnswer))
    def get(self):
        """List the limits of all projects that have their own."""
        return jsonify({"quotas": quotas.listing(g.session)})


@blueprint.route("/quotas/<project_id>")
class Quota(MethodView):
    """The limits of one project; `tenant` and `project` stand for the caller's own."""

    @requires("network:quota:show")
    @blueprint.response(200, Answer)
    def get(self, project_id):
        """Show the limits of a project."""
        if project_id in ("tenant", "project"):
            return jsonify({project_id: {"tenant_id": g.context.project_id, "project_id": g.context.project_id}})
        return jsonify({"quota": quotas.limits(g.session, _readable(project_id))})

    @requires("network:quota:update")
    @blueprint.arguments(enveloped("quota", QuotaUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, project_id):
        """Set limits of a project."""
        return jsonify({"quota": quotas.update(g.session, project_id, body["quota"])})

    @requires("network:quota:delete")
    @blueprint.response(204)
    def delete(self, project_id):
        """Give a project the defaults again."""
        quotas.reset(g.session, project_id)
        return Response(status=204)


@blueprint.route("/quotas/<project_id>/default")
class DefaultQuota(MethodView):
    """The limits of whoever has none of his own."""

    @requires("network:quota:show")
    @blueprint.response(200, Answer)
    def get(self, project_id):
        """Show the defaults."""
        _readable(project_id)
        return jsonify({"quota": quotas.DEFAULTS})


@blueprint.route("/quotas/<project_id>/details")
@blueprint.route("/quotas/<project_id>/details.json")
class QuotaDetails(MethodView):
    """Limits together with what is used."""

    @requires("network:quota:show")
    @blueprint.response(200)
    def get(self, project_id):
        """Show limits and use of a project."""
        return jsonify({"quota": quotas.details(g.session, _readable(project_id))})


def _readable(project_id: str) -> str:
    if not g.context.is_admin and not g.context.owns(project_id):
        raise Forbidden("Only an admin may see the quota of another project.", "PolicyNotAuthorized")
    return project_id
