"""A project's limits and use, at one look."""

from flask import g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import Forbidden
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.quota_sets import LimitQuery, absolute
from tenrec_api.services.compute import quotas

blueprint = Blueprint("limits", COMPUTE, "Limits of the caller's project")


@blueprint.route("/limits")
class Limits(MethodView):
    """Absolute limits; there are no limits of rate."""

    @requires("compute:limit:list")
    @blueprint.arguments(LimitQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """Show them."""
        project_id = query.get("tenant_id") or g.context.project_id or ""
        if not (g.context.is_admin or g.context.owns(project_id)):
            raise Forbidden("Only an administrator may look at another project's limits.")
        body = absolute(quotas.limits(g.session, project_id), quotas.usage(g.session, project_id))
        return jsonify({"limits": {"rate": [], "absolute": body}})
