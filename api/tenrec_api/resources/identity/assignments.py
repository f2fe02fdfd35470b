"""Role assignments: grants on projects, domains and the system, and the list of all."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import IDENTITY
from tenrec_api.exceptions import InvalidInput
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.identity.records import describe, find_noun, list_links
from tenrec_api.schemas.identity.records import AssignmentQuery
from tenrec_api.services.identity import assignments
from tenrec_api.services.identity.assignments import Target

blueprint = Blueprint("role_assignments", IDENTITY, "Who has which role where")


def _grants(path: str, target_type: str) -> None:
    """The routes of grants on one type of target; `path` holds its id unless it is the system."""

    def target(target_id: str = "all") -> Target:
        return Target(target_type, target_id)

    @blueprint.route(f"{path}/users/<user_id>/roles")
    class Grants(MethodView):
        __doc__ = f"Roles of a user on a {target_type}."

        @requires("identity:assignment:list")
        @blueprint.response(200)
        def get(self, user_id, **where):
            """List the roles."""
            rows = assignments.roles_on(g.session, target(**where), user_id)
            body = [describe(find_noun("/roles"), role) for role in rows]
            return jsonify({"roles": body, "links": list_links("/roles")})

    @blueprint.route(f"{path}/users/<user_id>/roles/<role_id>")
    class Grant(MethodView):
        __doc__ = f"One role of a user on a {target_type}."

        @requires("identity:assignment:check")
        @blueprint.response(204)
        def get(self, user_id, role_id, **where):
            """Check that the user has the role."""
            assignments.check(g.session, target(**where), user_id, role_id)
            return Response(status=204)

        @requires("identity:assignment:create")
        @blueprint.response(204)
        def put(self, user_id, role_id, **where):
            """Give the user the role."""
            assignments.grant(g.session, target(**where), user_id, role_id)
            return Response(status=204)

        @requires("identity:assignment:delete")
        @blueprint.response(204)
        def delete(self, user_id, role_id, **where):
            """Take the role away."""
            assignments.revoke(g.session, target(**where), user_id, role_id)
            return Response(status=204)


_grants("/projects/<target_id>", "project")
_grants("/domains/<target_id>", "domain")
_grants("/system", "system")


@blueprint.route("/role_assignments")
class RoleAssignments(MethodView):
    """All assignments."""

    @requires("identity:assignment:list")
    @blueprint.arguments(AssignmentQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List who has which role where."""
        if "group_id" in query:
            raise InvalidInput("Groups are not supported; filter by user.id.")
        include_names = query.get("include_names", "false").lower() not in ("false", "0")
        rows = assignments.find(g.session, query, include_names)
        return jsonify({"role_assignments": rows, "links": list_links("/role_assignments")})
