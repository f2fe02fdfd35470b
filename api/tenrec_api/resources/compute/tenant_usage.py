"""How much of the cloud projects used."""

from flask import g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import Forbidden
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.tenant_usage import UsageQuery, describe
from tenrec_api.services.compute import tenant_usage

blueprint = Blueprint("usage", COMPUTE, "Hours of servers, by project")


@blueprint.route("/os-simple-tenant-usage")
class TenantUsages(MethodView):
    """All projects."""

    @requires("compute:usage:list")
    @blueprint.arguments(UsageQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List the usage of every project that had servers in that time."""
        found = tenant_usage.usage(g.session, query.get("start"), query.get("end"))
        return jsonify({"tenant_usages": [describe(each, query.get("detailed") == "1") for each in found]})


@blueprint.route("/os-simple-tenant-usage/<project_id>")
class TenantUsage(MethodView):
    """One project."""

    @requires("compute:usage:show")
    @blueprint.arguments(UsageQuery, location="query")
    @blueprint.response(200)
    def get(self, query, project_id):
        """Show a project's usage, server by server; empty when it had none."""
        if not (g.context.is_admin or g.context.owns(project_id)):
            raise Forbidden("Only an administrator may look at another project's usage.")
        found = tenant_usage.usage(g.session, query.get("start"), query.get("end"), project_id)
        return jsonify({"tenant_usage": describe(found[0], detailed=True) if found else {}})
