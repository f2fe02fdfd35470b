"""Flavors: the sizes of servers."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import InvalidInput
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.http.paging import page_links
from tenrec_api.resources.compute.links import root_url
from tenrec_api.schemas.compute import flavors as schemas
from tenrec_api.services.compute import flavors

blueprint = Blueprint("flavors", COMPUTE, "The sizes in which servers come")


def _page(query, describe):
    rows, more = flavors.listing(g.session, g.context, query)
    links = page_links(more, rows[-1].id if rows else None)
    body = {"flavors": [describe(row, root_url()) for row in rows]}
    return jsonify(body | ({"flavors_links": links} if links else {}))


@blueprint.route("/flavors")
class Flavors(MethodView):
    """The flavors that the caller may use."""

    @requires("compute:flavor:list")
    @blueprint.arguments(schemas.FlavorQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List flavors."""
        return _page(query, schemas.summary)

    @requires("compute:flavor:create")
    @blueprint.arguments(schemas.FlavorCreateBody)
    @blueprint.response(200)
    def post(self, body):
        """Make a flavor."""
        return jsonify({"flavor": schemas.detail(flavors.create(g.session, body["flavor"]), root_url())})


@blueprint.route("/flavors/detail")
class FlavorsDetail(MethodView):
    """The flavors that the caller may use, whole."""

    @requires("compute:flavor:list")
    @blueprint.arguments(schemas.FlavorQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List flavors with details."""
        return _page(query, schemas.detail)


@blueprint.route("/flavors/<flavor_id>")
class Flavor(MethodView):
    """One flavor."""

    @requires("compute:flavor:show")
    @blueprint.response(200)
    def get(self, flavor_id):
        """Show a flavor."""
        return jsonify({"flavor": schemas.detail(flavors.find(g.session, g.context, flavor_id), root_url())})

    @requires("compute:flavor:delete")
    @blueprint.response(202)
    def delete(self, flavor_id):
        """Delete a flavor; servers made of it are not touched."""
        flavors.delete(g.session, g.context, flavor_id)
        return Response(status=202)


@blueprint.route("/flavors/<flavor_id>/os-extra_specs")
class ExtraSpecs(MethodView):
    """What else an administrator says about a flavor."""

    @requires("compute:flavor:show")
    @blueprint.response(200, schemas.ExtraSpecsBody)
    def get(self, flavor_id):
        """List the extra specs."""
        return jsonify({"extra_specs": flavors.find(g.session, g.context, flavor_id).extra_specs})

    @requires("compute:flavor:extra_specs")
    @blueprint.arguments(schemas.ExtraSpecsBody)
    @blueprint.response(200, schemas.ExtraSpecsBody)
    def post(self, body, flavor_id):
        """Add or replace some."""
        flavors.set_extra_specs(g.session, g.context, flavor_id, body["extra_specs"])
        return jsonify({"extra_specs": body["extra_specs"]})


@blueprint.route("/flavors/<flavor_id>/os-extra_specs/<key>")
class ExtraSpec(MethodView):
    """One extra spec."""

    @requires("compute:flavor:show")
    @blueprint.response(200)
    def get(self, flavor_id, key):
        """Show it."""
        return jsonify({key: flavors.extra_spec(flavors.find(g.session, g.context, flavor_id), key)})

    @requires("compute:flavor:extra_specs")
    @blueprint.arguments(schemas.ExtraSpecBody)
    @blueprint.response(200)
    def put(self, body, flavor_id, key):
        """Set it."""
        if list(body) != [key]:
            raise InvalidInput("The body has one entry, under the key that the path names.")
        flavors.set_extra_specs(g.session, g.context, flavor_id, body)
        return jsonify(body)

    @requires("compute:flavor:extra_specs")
    @blueprint.response(200)
    def delete(self, flavor_id, key):
        """Remove it."""
        flavors.delete_extra_spec(g.session, g.context, flavor_id, key)
        return Response(status=200)


@blueprint.route("/flavors/<flavor_id>/os-flavor-access")
class FlavorAccess(MethodView):
    """Who may use a flavor that is not public."""

    @requires("compute:flavor:access")
    @blueprint.response(200)
    def get(self, flavor_id):
        """List the projects."""
        return _access(flavors.access(g.session, g.context, flavor_id))


@blueprint.route("/flavors/<flavor_id>/action")
class FlavorAction(MethodView):
    """Changes of who may use a flavor."""

    @requires("compute:flavor:access")
    @blueprint.arguments(schemas.AccessAction)
    @blueprint.response(200)
    def post(self, body, flavor_id):
        """Let a project use the flavor, or no longer."""
        return _access(flavors.change_access(g.session, g.context, flavor_id, **body))


def _access(rows):
    return jsonify({"flavor_access": [{"flavor_id": row.flavor_id, "tenant_id": row.project_id} for row in rows]})
