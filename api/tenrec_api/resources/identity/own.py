"""What a user may ask about itself: its projects, its domains, its password."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import IDENTITY
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.identity.records import describe, find_noun, list_links
from tenrec_api.schemas.base import enveloped
from tenrec_api.schemas.identity.records import PasswordChange
from tenrec_api.services.identity import projects, users

blueprint = Blueprint("own", IDENTITY, "A user's own projects, domains and password")


def _projects(rows, path: str) -> Response:
    body = [describe(find_noun("/projects"), project) for project in rows]
    return jsonify({"projects": body, "links": list_links(path)})


@blueprint.route("/auth/projects")
class AuthProjects(MethodView):
    """Projects to which the caller's token can be scoped."""

    @requires("identity:auth:projects")
    @blueprint.response(200)
    def get(self):
        """List the caller's projects."""
        return _projects(projects.of_user(g.session, g.context.user_id), "/auth/projects")


@blueprint.route("/auth/domains")
class AuthDomains(MethodView):
    """Domains to which the caller's token can be scoped."""

    @requires("identity:auth:domains")
    @blueprint.response(200)
    def get(self):
        """List the caller's domains."""
        rows = projects.domains_of_user(g.session, g.context.user_id)
        body = [describe(find_noun("/domains"), domain) for domain in rows]
        return jsonify({"domains": body, "links": list_links("/auth/domains")})


@blueprint.route("/users/<user_id>/projects")
class UserProjects(MethodView):
    """Projects in which a user has a role."""

    @requires("identity:user:projects")
    @blueprint.response(200)
    def get(self, user_id):
        """List a user's projects: one's own, or for an administrator anybody's."""
        user = users.show_visible(g.session, g.context, user_id)
        return _projects(projects.of_user(g.session, user.id), f"/users/{user.id}/projects")


@blueprint.route("/users/<user_id>/password")
class UserPassword(MethodView):
    """A user's password."""

    @requires("identity:user:password")
    @blueprint.arguments(enveloped("user", PasswordChange))
    @blueprint.response(204)
    def post(self, body, user_id):
        """Change one's own password; all one's tokens end."""
        change = body["user"]
        users.change_password(g.session, g.context, user_id, change["original_password"], change["password"])
        return Response(status=204)
