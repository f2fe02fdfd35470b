"""Domains, projects, users, roles, regions, services, endpoints: seven nouns with the same two views each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, current_app, g, jsonify
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import IDENTITY
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.base import enveloped
from tenrec_api.schemas.identity import records as schemas
from tenrec_api.services.identity import assignments, catalog, projects, records, users
from tenrec_api.services.identity.records import Kind


@dataclass(frozen=True)
class Noun:
    """A noun: its kind, its schema, its path, and where it differs from the rest."""

    kind: Kind
    path: str
    schema: type[Schema]
    more: dict[str, Any] = field(default_factory=dict)
    create: Callable | None = None
    update: Callable | None = None
    show: Callable | None = None
    in_domain: bool = False

    @property
    def key(self) -> str:
        """The only key of a body: the noun itself."""
        return self.kind.noun

    @property
    def plural(self) -> str:
        """The key of a list."""
        return self.path.strip("/")


NOUNS = (
    Noun(projects.DOMAINS, "/domains", schemas.Domain, show=projects.show_visible_domain),
    Noun(
        projects.PROJECTS,
        "/projects",
        schemas.Project,
        {"is_domain": False},
        show=projects.show_visible,
        in_domain=True,
    ),
    Noun(
        users.USERS,
        "/users",
        schemas.User,
        {"password_expires_at": None},
        create=users.create,
        update=users.update,
        show=users.show_visible,
        in_domain=True,
    ),
    Noun(assignments.ROLES, "/roles", schemas.Role, {"domain_id": None}),
    Noun(catalog.REGIONS, "/regions", schemas.Region),
    Noun(catalog.SERVICES, "/services", schemas.Service),
    Noun(catalog.ENDPOINTS, "/endpoints", schemas.Endpoint),
)


def link(path: str) -> str:
    """The full URL of a path of this API."""
    return f"{current_app.extensions['tenrec'].config.api.public_url}{IDENTITY.root}{path}"


def list_links(path: str) -> dict:
    """The links of a list that is always whole."""
    return {"self": link(path), "next": None, "previous": None}


def describe(noun: Noun, row: Any) -> dict:
    """A row as it is answered, with the attributes of the caller's own beside its fixed ones."""
    body = {**getattr(row, "extra", {}), "id": row.id, **noun.schema().dump(row), **noun.more, "options": {}}
    if noun.kind is catalog.ENDPOINTS:
        body["region"] = row.region_id
    if noun.kind in (catalog.REGIONS, catalog.SERVICES, catalog.ENDPOINTS):
        del body["options"]
    return {**body, "links": {"self": link(f"{noun.path}/{row.id}")}}


def find_noun(path: str) -> Noun:
    """The noun with this path."""
    return next(noun for noun in NOUNS if noun.path == path)


def _views(noun: Noun) -> Blueprint:
    blueprint = Blueprint(noun.plural, IDENTITY)
    body = enveloped(noun.key, noun.schema)
    changes = enveloped(noun.key, noun.schema(partial=True))

    @blueprint.route(noun.path)
    class Collection(MethodView):
        __doc__ = f"All {noun.plural}."

        @requires(f"identity:{noun.key}:list")
        @blueprint.arguments(schemas.RecordQuery, location="query")
        @blueprint.response(200)
        def get(self, query):
            """List them."""
            rows = records.find(g.session, noun.kind, query)
            return jsonify({noun.plural: [describe(noun, row) for row in rows], "links": list_links(noun.path)})

        @requires(f"identity:{noun.key}:create")
        @blueprint.arguments(body)
        @blueprint.response(201, body)
        def post(self, document):
            """Make one."""
            attributes = document[noun.key]
            if noun.in_domain:
                attributes.setdefault("domain_id", g.context.domain_id or g.context.user_domain_id)
            if noun.create:
                row = noun.create(g.session, attributes)
            else:
                row = records.create(g.session, noun.kind, attributes)
            return jsonify({noun.key: describe(noun, row)}), 201

    @blueprint.route(f"{noun.path}/<record_id>")
    class Member(MethodView):
        __doc__ = f"One {noun.key}."

        @requires(f"identity:{noun.key}:show")
        @blueprint.response(200, body)
        def get(self, record_id):
            """Show it."""
            if noun.show:
                row = noun.show(g.session, g.context, record_id)
            else:
                row = records.show(g.session, noun.kind, record_id)
            return jsonify({noun.key: describe(noun, row)})

        @requires(f"identity:{noun.key}:update")
        @blueprint.arguments(changes)
        @blueprint.response(200, body)
        def patch(self, document, record_id):
            """Change it."""
            if noun.update:
                row = noun.update(g.session, record_id, document[noun.key])
            else:
                row = records.update(g.session, noun.kind, record_id, document[noun.key])
            return jsonify({noun.key: describe(noun, row)})

        @requires(f"identity:{noun.key}:delete")
        @blueprint.response(204)
        def delete(self, record_id):
            """Delete it."""
            records.delete(g.session, noun.kind, record_id)
            return Response(status=204)

    return blueprint


BLUEPRINTS = [_views(noun) for noun in NOUNS]
