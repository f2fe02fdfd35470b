"""Quotas of projects."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import Forbidden, InvalidInput, NotFound
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.quota_sets import QuotaQuery, QuotaSetBody, detail
from tenrec_api.services.compute import quotas

blueprint = Blueprint("quota sets", COMPUTE, "How much a project may have")


def _may_see(project_id: str) -> None:
    if not (g.context.is_admin or g.context.owns(project_id)):
        raise Forbidden("Only an administrator may look at another project's quotas.")


def _refuse_users(query: dict) -> None:
    if query.get("user_id"):
        raise InvalidInput("Quotas of single users are not supported; set the project's.")


@blueprint.route("/os-quota-sets/<project_id>")
class QuotaSet(MethodView):
    """A project's limits."""

    @requires("compute:quota:show")
    @blueprint.response(200)
    def get(self, project_id):
        """Show them."""
        _may_see(project_id)
        return jsonify({"quota_set": {"id": project_id} | quotas.limits(g.session, project_id)})

    @requires("compute:quota:update")
    @blueprint.arguments(QuotaQuery, location="query")
    @blueprint.arguments(QuotaSetBody)
    @blueprint.response(200)
    def put(self, query, body, project_id):
        """Set some of them."""
        _refuse_users(query)
        wanted = body["quota_set"]
        force = wanted.pop("force", False)
        limits = {name: limit for name, limit in wanted.items() if name in quotas.DEFAULTS}
        return jsonify({"quota_set": quotas.update(g.session, project_id, limits, force)})

    @requires("compute:quota:delete")
    @blueprint.arguments(QuotaQuery, location="query")
    @blueprint.response(202)
    def delete(self, query, project_id):
        """Go back to the defaults."""
        _refuse_users(query)
        quotas.reset(g.session, project_id)
        return Response(status=202)


@blueprint.route("/os-quota-sets/<project_id>/detail")
class QuotaSetDetail(MethodView):
    """A project's limits, and what is used."""

    @requires("compute:quota:show")
    @blueprint.response(200)
    def get(self, project_id):
        """Show them."""
        _may_see(project_id)
        body = detail(quotas.limits(g.session, project_id), quotas.usage(g.session, project_id))
        return jsonify({"quota_set": {"id": project_id} | body})


@blueprint.route("/os-quota-sets/<project_id>/defaults")
class QuotaSetDefaults(MethodView):
    """The limits of a project for which none were set."""

    @requires("compute:quota:show")
    @blueprint.response(200)
    def get(self, project_id):
        """Show them."""
        return jsonify({"quota_set": {"id": project_id} | quotas.DEFAULTS})


@blueprint.route("/os-quota-class-sets/<name>")
class QuotaClassSet(MethodView):
    """The defaults under the name by which some clients ask for them: the class ``default``."""

    @requires("compute:quota:show")
    @blueprint.response(200)
    def get(self, name):
        """Show them."""
        if name != "default":
            raise NotFound(f"There is no quota class '{name[:80]}'; valid: default.")
        return jsonify({"quota_class_set": {"id": name} | quotas.DEFAULTS})
