"""Server groups: none can be made yet, as the quota of zero says; clients that list them find none."""

from flask import jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import NotFound, QuotaExceeded
from tenrec_api.http.blueprint import Blueprint, requires

blueprint = Blueprint("server groups", COMPUTE, "Servers to be kept together or apart")


@blueprint.route("/os-server-groups")
class ServerGroups(MethodView):
    """The project's groups."""

    @requires("compute:server_group:list")
    @blueprint.response(200)
    def get(self):
        """List them."""
        return jsonify({"server_groups": []})

    @requires("compute:server_group:list")
    @blueprint.response(200)
    def post(self):
        """Refuse to make one."""
        raise QuotaExceeded("Quota exceeded, too many server groups: server groups are not supported, the quota is 0.")


@blueprint.route("/os-server-groups/<group_id>")
class ServerGroup(MethodView):
    """One group."""

    @requires("compute:server_group:list")
    @blueprint.response(200)
    def get(self, group_id):
        """There is none."""
        raise NotFound(f"Instance group {group_id[:80]} could not be found.")

    @requires("compute:server_group:list")
    @blueprint.response(204)
    def delete(self, group_id):
        """There is none."""
        raise NotFound(f"Instance group {group_id[:80]} could not be found.")
