"""Availability zones: there is one."""

from flask import g, jsonify
from flask.views import MethodView

from tenrec_api.apis import COMPUTE
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.compute.server_views import iso_microseconds
from tenrec_api.services.compute import nodes
from tenrec_api.services.compute.nodes import ZONE

blueprint = Blueprint("availability zones", COMPUTE, "Where servers can be")


def _zone(hosts) -> dict:
    return {"availabilityZoneInfo": [{"zoneName": ZONE, "zoneState": {"available": True}, "hosts": hosts}]}


@blueprint.route("/os-availability-zone")
class AvailabilityZones(MethodView):
    """The zones, without their hosts."""

    @requires("compute:availability_zone:list")
    @blueprint.response(200)
    def get(self):
        """List them."""
        return jsonify(_zone(None))


@blueprint.route("/os-availability-zone/detail")
class AvailabilityZonesDetail(MethodView):
    """The zones with their hosts."""

    @requires("compute:availability_zone:detail")
    @blueprint.response(200)
    def get(self):
        """List them."""
        hosts = {
            each.node.name: {
                "nova-compute": {
                    "active": each.node.enabled and each.node.present,
                    "available": each.up,
                    "updated_at": iso_microseconds(each.node.observed_at),
                }
            }
            for each in nodes.listing(g.session)
        }
        return jsonify(_zone(hosts))
