"""Extensions: what once was one is a part of 2.1; clients that ask find an empty list."""

from flask import jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import NotFound
from tenrec_api.http.blueprint import Blueprint, requires

blueprint = Blueprint("extensions", COMPUTE, "Extensions of the API")


@blueprint.route("/extensions")
class Extensions(MethodView):
    """All extensions."""

    @requires("compute:extension:list")
    @blueprint.response(200)
    def get(self):
        """List them: none."""
        return jsonify({"extensions": []})


@blueprint.route("/extensions/<alias>")
class Extension(MethodView):
    """One extension."""

    @requires("compute:extension:list")
    @blueprint.response(200)
    def get(self, alias):
        """There is none."""
        raise NotFound(f"There is no extension '{alias[:80]}'.")
