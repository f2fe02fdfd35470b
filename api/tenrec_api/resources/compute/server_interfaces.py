"""A server's interfaces and security groups, as its ports say. They are changed in the network API."""

from flask import g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.server_interfaces import interface, security_group
from tenrec_api.services.compute import interfaces

blueprint = Blueprint("server interfaces", COMPUTE, "Ports of servers")


@blueprint.route("/servers/<server_id>/os-interface")
class Interfaces(MethodView):
    """All interfaces of a server."""

    @requires("compute:server:show")
    @blueprint.response(200)
    def get(self, server_id):
        """List them."""
        ports = interfaces.listing(g.session, g.context, server_id)
        return jsonify({"interfaceAttachments": [interface(port) for port in ports]})


@blueprint.route("/servers/<server_id>/os-interface/<port_id>")
class Interface(MethodView):
    """One interface of a server."""

    @requires("compute:server:show")
    @blueprint.response(200)
    def get(self, server_id, port_id):
        """Show it."""
        return jsonify({"interfaceAttachment": interface(interfaces.show(g.session, g.context, server_id, port_id))})


@blueprint.route("/servers/<server_id>/os-security-groups")
class ServerSecurityGroups(MethodView):
    """The security groups of a server's ports."""

    @requires("compute:server:show")
    @blueprint.response(200)
    def get(self, server_id):
        """List them with what they let in."""
        groups, named = interfaces.security_groups(g.session, g.context, server_id)
        return jsonify({"security_groups": [security_group(group, named) for group in groups]})
