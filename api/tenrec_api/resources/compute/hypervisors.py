"""Hypervisors: the compute nodes with what they have and what of it is given away."""

from flask import g, jsonify
from flask.views import MethodView
from werkzeug import exceptions

from tenrec_api.apis import COMPUTE
from tenrec_api.exceptions import NotFound
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.nodes import hypervisor, hypervisor_summary, statistics
from tenrec_api.services.compute import nodes

blueprint = Blueprint("hypervisors", COMPUTE, "Compute nodes and how full they are")


@blueprint.route("/os-hypervisors")
class Hypervisors(MethodView):
    """All hypervisors."""

    @requires("compute:hypervisor:list")
    @blueprint.response(200)
    def get(self):
        """List them."""
        return jsonify({"hypervisors": [hypervisor_summary(each) for each in nodes.listing(g.session)]})


@blueprint.route("/os-hypervisors/detail")
class HypervisorsDetail(MethodView):
    """All hypervisors, whole."""

    @requires("compute:hypervisor:list")
    @blueprint.response(200)
    def get(self):
        """List them with details."""
        return jsonify({"hypervisors": [hypervisor(each) for each in nodes.listing(g.session)]})


@blueprint.route("/os-hypervisors/statistics")
class HypervisorStatistics(MethodView):
    """The sums over all hypervisors."""

    @requires("compute:hypervisor:list")
    @blueprint.response(200)
    def get(self):
        """Show them."""
        return jsonify({"hypervisor_statistics": statistics(nodes.listing(g.session))})


@blueprint.route("/os-hypervisors/<hypervisor_id>")
class Hypervisor(MethodView):
    """One hypervisor."""

    @requires("compute:hypervisor:show")
    @blueprint.response(200)
    def get(self, hypervisor_id):
        """Show a hypervisor by its id."""
        return jsonify({"hypervisor": hypervisor(nodes.show(g.session, hypervisor_id))})


@blueprint.route("/os-hypervisors/<hypervisor_id>/uptime")
class HypervisorUptime(MethodView):
    """How long a hypervisor has been running, which only the host knows."""

    @requires("compute:hypervisor:show")
    @blueprint.response(200)
    def get(self, hypervisor_id):
        """Say that it is not known: 501, which clients take for "this driver does not tell"."""
        nodes.show(g.session, hypervisor_id)
        raise exceptions.NotImplemented("The uptime of hosts is not collected.")


@blueprint.route("/os-hypervisors/<name>/search")
class HypervisorSearch(MethodView):
    """Hypervisors by a part of their name."""

    @requires("compute:hypervisor:list")
    @blueprint.response(200)
    def get(self, name):
        """List those whose name contains it."""
        found = nodes.listing(g.session, name_like=name)
        if not found:
            raise NotFound(f"No hypervisor matching '{name[:80]}' could be found.")
        return jsonify({"hypervisors": [hypervisor_summary(each) for each in found]})
