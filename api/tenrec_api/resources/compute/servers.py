"""Servers: make, list, show, change, delete."""

from flask import Response, g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.http.paging import page_links
from tenrec_api.resources.compute.links import root_url
from tenrec_api.schemas.compute import server_views
from tenrec_api.schemas.compute.servers import ServerCreateBody, ServerQuery, ServerUpdateBody
from tenrec_api.services.compute import actions, creation, servers

blueprint = Blueprint("servers", COMPUTE, "Servers: virtual machines")


@blueprint.route("/servers")
class Servers(MethodView):
    """The project's servers."""

    @requires("compute:server:list")
    @blueprint.arguments(ServerQuery, location="query")
    @blueprint.response(200, server_views.ServerList)
    def get(self, query):
        """List servers."""
        rows, more = servers.listing(g.session, g.context, query)
        body = {"servers": [server_views.summary(row, root_url()) for row in rows]}
        return jsonify(body | _links(rows, more))

    @requires("compute:server:create")
    @blueprint.arguments(ServerCreateBody)
    @blueprint.response(202, server_views.ServerBody)
    def post(self, body):
        """Make one server, or several of a kind; they are in BUILD when this returns."""
        made = creation.create(g.session, g.context, body["server"])
        if body["server"].get("return_reservation_id"):
            return jsonify({"reservation_id": made[0].reservation_id}), 202
        first = made[0]
        answer = {
            "id": first.id,
            "links": server_views.links(root_url(), f"/servers/{first.id}"),
            "OS-DCF:diskConfig": first.disk_config,
            "security_groups": [{"name": name} for name in body["server"]["security_groups"] or ["default"]],
        }
        response = jsonify({"server": answer})
        response.headers["Location"] = f"{root_url()}/servers/{first.id}"
        return response, 202


@blueprint.route("/servers/detail")
class ServersDetail(MethodView):
    """The project's servers, whole."""

    @requires("compute:server:list")
    @blueprint.arguments(ServerQuery, location="query")
    @blueprint.response(200, server_views.ServerDetailList)
    def get(self, query):
        """List servers with details."""
        rows, more = servers.listing(g.session, g.context, query)
        views = servers.views(g.session, rows)
        body = {"servers": [server_views.detail(view, root_url(), g.context.is_admin) for view in views]}
        return jsonify(body | _links(rows, more))


@blueprint.route("/servers/<server_id>")
class Server(MethodView):
    """One server."""

    @requires("compute:server:show")
    @blueprint.response(200, server_views.ServerBody)
    def get(self, server_id):
        """Show a server."""
        view = servers.show(g.session, g.context, server_id)
        return jsonify({"server": server_views.detail(view, root_url(), g.context.is_admin)})

    @requires("compute:server:update")
    @blueprint.arguments(ServerUpdateBody)
    @blueprint.response(200, server_views.ServerBody)
    def put(self, body, server_id):
        """Change a server's name or access addresses."""
        view = servers.update(g.session, g.context, server_id, body["server"])
        return jsonify({"server": server_views.detail(view, root_url(), g.context.is_admin)})

    @requires("compute:server:delete")
    @blueprint.response(204)
    def delete(self, server_id):
        """Delete a server, in whatever state it is."""
        actions.delete(g.session, g.context, server_id)
        return Response(status=204)


@blueprint.route("/servers/<server_id>/ips")
class ServerAddresses(MethodView):
    """A server's addresses."""

    @requires("compute:server:show")
    @blueprint.response(200)
    def get(self, server_id):
        """List the addresses by network."""
        view = servers.show(g.session, g.context, server_id)
        return jsonify({"addresses": _plain(server_views.addresses(view.addresses))})


@blueprint.route("/servers/<server_id>/ips/<network>")
class ServerNetworkAddresses(MethodView):
    """A server's addresses on one network."""

    @requires("compute:server:show")
    @blueprint.response(200)
    def get(self, server_id, network):
        """List the addresses on the network of that name."""
        entries = servers.addresses_on(g.session, g.context, server_id, network)
        return jsonify(_plain(server_views.addresses(entries)))


def _links(rows, more) -> dict:
    links = page_links(more, rows[-1].id if rows else None)
    return {"servers_links": links} if links else {}


def _plain(networks: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """Addresses without the extensions' attributes, as this part of the API has them."""
    return {
        name: [{"version": each["version"], "addr": each["addr"]} for each in entries]
        for name, entries in networks.items()
    }
