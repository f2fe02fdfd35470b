"""Tokens: get, look at, and give back."""

from flask import Response, current_app, g, jsonify, request
from flask.views import MethodView

from tenrec_api.apis import IDENTITY
from tenrec_api.context import Context
from tenrec_api.exceptions import InvalidInput, NotFound, Unauthenticated
from tenrec_api.http.blueprint import Blueprint, public, requires
from tenrec_api.models.identity import Domain, Project, User
from tenrec_api.policies.rules import admin_or_service
from tenrec_api.schemas.identity.tokens import AuthRequest, CatalogQuery
from tenrec_api.services.identity import authentication, tokens
from tenrec_api.services.identity.catalog import catalog

blueprint = Blueprint("tokens", IDENTITY, "Tokens and the catalog in them")


@blueprint.route("/auth/tokens")
class Tokens(MethodView):
    """A token is given in the header X-Subject-Token; the body says what it is for."""

    @public
    @blueprint.arguments(CatalogQuery, location="query")
    @blueprint.arguments(AuthRequest)
    @blueprint.response(201)
    def post(self, query, body):
        """Get a token by password, or by an older token with another scope."""
        issued = authentication.authenticate(g.session, _store(), body["auth"])
        response = jsonify({"token": describe(issued.context, with_catalog="nocatalog" not in query)})
        response.status_code = 201
        response.headers["X-Subject-Token"] = issued.token
        return response

    @requires("identity:token:validate")
    @blueprint.arguments(CatalogQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """Validate the token in X-Subject-Token and say what it is for (HEAD: only whether it is valid)."""
        subject, token = _subject()
        response = jsonify({"token": describe(subject, with_catalog="nocatalog" not in query)})
        response.headers["X-Subject-Token"] = token
        return response

    @requires("identity:token:revoke")
    @blueprint.response(204)
    def delete(self):
        """Revoke the token in X-Subject-Token."""
        _, token = _subject()
        tokens.revoke(g.session, _store(), token)
        return Response(status=204)


@blueprint.route("/auth/catalog")
class Catalog(MethodView):
    """The catalog of the caller's own token."""

    @requires("identity:auth:catalog")
    @blueprint.response(200)
    def get(self):
        """List the services and where they are."""
        links = {
            "self": f"{current_app.extensions['tenrec'].config.api.public_url}{request.path}",
            "next": None,
            "previous": None,
        }
        return jsonify({"catalog": catalog(g.session, g.context.project_id), "links": links})


def _store() -> tokens.TokenStore:
    return g.session.info["token_store"]


def _subject() -> tuple[Context, str]:
    """The token asked about. Others' tokens are found by admins and services only."""
    token = request.headers.get("X-Subject-Token")
    if not token:
        raise InvalidInput("The header X-Subject-Token is missing: it names the token that this request is about.")
    try:
        subject = tokens.validate(g.session, _store(), token, g.request_id)
    except Unauthenticated as error:
        raise NotFound("The token in X-Subject-Token could not be found.") from error
    if subject.user_id != g.context.user_id and not admin_or_service(g.context):
        raise NotFound("The token in X-Subject-Token could not be found.")
    return subject, token


def describe(context: Context, with_catalog: bool) -> dict:
    """The ``token`` object of Identity API v3."""
    user = g.session.get(User, context.user_id)
    body = {
        "methods": list(context.methods),
        "user": {
            "id": user.id,
            "name": user.name,
            "domain": _domain(user.domain_id),
            "password_expires_at": None,
        },
        "audit_ids": [context.audit_id],
        "issued_at": context.issued_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "expires_at": context.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    if context.project_id:
        project = g.session.get(Project, context.project_id)
        body["project"] = {"id": project.id, "name": project.name, "domain": _domain(project.domain_id)}
        body["is_domain"] = False
    if context.domain_id:
        body["domain"] = _domain(context.domain_id)
    if context.system:
        body["system"] = {"all": True}
    if context.project_id or context.domain_id or context.system:
        scope = tokens.Scope(context.project_id, context.domain_id, context.system)
        body["roles"] = [{"id": role.id, "name": role.name} for role in tokens.roles_of(g.session, user.id, scope)]
        if with_catalog:
            body["catalog"] = catalog(g.session, context.project_id)
    return body


def _domain(domain_id: str) -> dict:
    return {"id": domain_id, "name": g.session.get(Domain, domain_id).name}
