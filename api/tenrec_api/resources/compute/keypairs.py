"""Keypairs of users."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import Forbidden
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.http.paging import page_links
from tenrec_api.schemas.compute import keypairs as schemas
from tenrec_api.services.compute import keypairs

blueprint = Blueprint("keypairs", COMPUTE, "SSH keys of users")


def _user(wanted: str | None) -> str:
    """Whose keypairs are meant; only an administrator may mean another user's."""
    if wanted and wanted != g.context.user_id and not g.context.is_admin:
        raise Forbidden("Only an administrator may look at another user's keypairs.")
    return wanted or g.context.user_id


@blueprint.route("/os-keypairs")
class Keypairs(MethodView):
    """The caller's keypairs."""

    @requires("compute:keypair:list")
    @blueprint.arguments(schemas.KeypairQuery, location="query")
    @blueprint.response(200)
    def get(self, query):
        """List keypairs."""
        rows, more = keypairs.listing(
            g.session, _user(query.get("user_id")), limit=query.get("limit"), marker=query.get("marker")
        )
        links = page_links(more, rows[-1].name if rows else None)
        body = {"keypairs": [{"keypair": schemas.summary(row)} for row in rows]}
        return jsonify(body | ({"keypairs_links": links} if links else {}))

    @requires("compute:keypair:create")
    @blueprint.arguments(schemas.KeypairCreateBody)
    @blueprint.response(200)
    def post(self, body):
        """Import a public key, or make a pair: the private key is in this answer and nowhere else."""
        wanted = body["keypair"]
        row, private_key = keypairs.create(
            g.session, g.context, _user(wanted.get("user_id")), wanted["name"], wanted.get("public_key")
        )
        answer = schemas.summary(row) | {"user_id": row.user_id}
        return jsonify({"keypair": answer | ({"private_key": private_key} if private_key else {})})


@blueprint.route("/os-keypairs/<name>")
class Keypair(MethodView):
    """One keypair."""

    @requires("compute:keypair:show")
    @blueprint.arguments(schemas.KeypairQuery, location="query")
    @blueprint.response(200)
    def get(self, query, name):
        """Show a keypair."""
        return jsonify({"keypair": schemas.detail(keypairs.find(g.session, _user(query.get("user_id")), name))})

    @requires("compute:keypair:delete")
    @blueprint.arguments(schemas.KeypairQuery, location="query")
    @blueprint.response(202)
    def delete(self, query, name):
        """Delete a keypair; servers keep the key."""
        keypairs.delete(g.session, _user(query.get("user_id")), name)
        return Response(status=202)
