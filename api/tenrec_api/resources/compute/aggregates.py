"""Host aggregates: there are none, and none can be made yet; clients that show a hypervisor ask for them."""

from flask import jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import NotFound
from tenrec_api.http.blueprint import Blueprint, requires

blueprint = Blueprint("aggregates", COMPUTE, "Groups of hosts")


@blueprint.route("/os-aggregates")
class Aggregates(MethodView):
    """All aggregates."""

    @requires("compute:aggregate:list")
    @blueprint.response(200)
    def get(self):
        """List them: none."""
        return jsonify({"aggregates": []})


@blueprint.route("/os-aggregates/<aggregate_id>")
class Aggregate(MethodView):
    """One aggregate."""

    @requires("compute:aggregate:list")
    @blueprint.response(200)
    def get(self, aggregate_id):
        """There is none."""
        raise NotFound(f"Aggregate {aggregate_id[:80]} could not be found.")
