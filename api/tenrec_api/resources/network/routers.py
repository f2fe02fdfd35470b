"""Routers: list, make, show, change, delete."""

from flask import Response, g
from flask.views import MethodView
from marshmallow import Schema

from tenrec_api.apis import NETWORK
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.resources.network.answers import FieldsQuery, expected_revision, list_query, many, one
from tenrec_api.schemas.base import enveloped, listed
from tenrec_api.schemas.network.routers import (
    InterfaceAnswer,
    InterfaceRequest,
    RouterAnswer,
    RouterCreate,
    RouterUpdate,
)
from tenrec_api.services.network import router_interfaces, routers

blueprint = Blueprint("routers", NETWORK, "Routers")
answer = RouterAnswer()
Answer = enveloped("router", answer, Schema)


@blueprint.route("/routers")
class Routers(MethodView):
    """All routers that the caller may see."""

    @requires("network:router:list")
    @blueprint.arguments(list_query("routers"), location="query")
    @blueprint.response(200, listed("routers", RouterAnswer))
    def get(self, query):
        """List routers."""
        return many("routers", answer, query)

    @requires("network:router:create")
    @blueprint.arguments(enveloped("router", RouterCreate))
    @blueprint.response(201, Answer)
    def post(self, body):
        """Make a router."""
        return one("router", answer, routers.create(g.session, g.context, body["router"]), 201)


@blueprint.route("/routers/<router_id>")
class Router(MethodView):
    """One router."""

    @requires("network:router:show")
    @blueprint.arguments(FieldsQuery, location="query")
    @blueprint.response(200, Answer)
    def get(self, query, router_id):
        """Show a router."""
        row = routers.show(g.session, g.context, router_id)
        return one("router", answer, row, wanted=query["fields_wanted"])

    @requires("network:router:update")
    @blueprint.arguments(enveloped("router", RouterUpdate))
    @blueprint.response(200, Answer)
    def put(self, body, router_id):
        """Change a router."""
        row = routers.update(g.session, g.context, router_id, body["router"], expected_revision())
        return one("router", answer, row)

    @requires("network:router:delete")
    @blueprint.response(204)
    def delete(self, router_id):
        """Delete a router."""
        routers.delete(g.session, g.context, router_id, expected_revision())
        return Response(status=204)


@blueprint.route("/routers/<router_id>/add_router_interface")
class AddInterface(MethodView):
    """Connecting a router."""

    @requires("network:router:add_interface")
    @blueprint.arguments(InterfaceRequest)
    @blueprint.response(200, InterfaceAnswer)
    def put(self, body, router_id):
        """Connect a router to a subnet or through a port."""
        router, port = router_interfaces.add(g.session, g.context, router_id, **body)
        return _interface(router, port, [each.subnet_id for each in port.fixed_ips])


@blueprint.route("/routers/<router_id>/remove_router_interface")
class RemoveInterface(MethodView):
    """Disconnecting a router."""

    @requires("network:router:remove_interface")
    @blueprint.arguments(InterfaceRequest)
    @blueprint.response(200, InterfaceAnswer)
    def put(self, body, router_id):
        """Disconnect a router from a subnet or a port."""
        router, port, subnet_ids = router_interfaces.remove(g.session, g.context, router_id, **body)
        return _interface(router, port, subnet_ids)


def _interface(router, port, subnet_ids: list[str]) -> dict:
    return {
        "id": router.id,
        "tenant_id": router.project_id,
        "project_id": router.project_id,
        "port_id": port.id,
        "network_id": port.network_id,
        "subnet_id": subnet_ids[0],
        "subnet_ids": subnet_ids,
    }
