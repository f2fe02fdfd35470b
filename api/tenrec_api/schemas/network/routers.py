"""Routers (Network API v2.0, "Routers")."""

from marshmallow import fields

from tenrec_api.schemas.base import Body, Flag
from tenrec_api.schemas.network.values import Few, FixedIp, Id, NamedBody, Nothing, OwnedAnswer, OwnedBody, Route


class GatewayInfo(Body):
    """The way out: an external network, and whether addresses are translated."""

    network_id = Id()
    enable_snat = Flag()
    external_fixed_ips = Few(fields.Nested(FixedIp), most=5)
    qos_policy_id = Nothing()


class RouterPart(NamedBody):
    """What creation and change have in common."""

    admin_state_up = Flag()
    external_gateway_info = fields.Nested(GatewayInfo, allow_none=True)
    distributed = Nothing()
    ha = Nothing()
    flavor_id = Nothing()


class RouterCreate(OwnedBody, RouterPart):
    """A new router."""

    availability_zone_hints = Nothing()


class RouterUpdate(RouterPart):
    """A change of a router."""

    null_is_empty = ("routes",)

    routes = Few(fields.Nested(Route))


class RouterAnswer(OwnedAnswer):
    """A router."""

    admin_state_up = fields.Boolean()
    status = fields.String()
    external_gateway_info = fields.Method("_gateway")
    routes = fields.List(fields.Dict())
    availability_zones = fields.Constant(["nova"])
    availability_zone_hints = fields.Constant([])
    flavor_id = fields.Constant(None)

    def _gateway(self, router) -> dict | None:
        port = router.gateway_port
        if port is None:
            return None
        return {
            "network_id": router.external_network_id,
            "enable_snat": router.enable_snat,
            "external_fixed_ips": [
                {"subnet_id": each.subnet_id, "ip_address": each.ip_address} for each in port.fixed_ips
            ],
        }


class InterfaceRequest(Body):
    """What to connect to or to disconnect from: a subnet or a port."""

    subnet_id = Id(allow_none=True, load_default=None)
    port_id = Id(allow_none=True, load_default=None)


class InterfaceAnswer(Body):
    """An interface of a router. `id` is the router's."""

    id = fields.String()
    tenant_id = fields.String()
    project_id = fields.String()
    port_id = fields.String()
    network_id = fields.String()
    subnet_id = fields.String()
    subnet_ids = fields.List(fields.String())
