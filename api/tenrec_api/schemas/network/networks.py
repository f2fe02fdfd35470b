"""Networks (Network API v2.0, "Networks")."""

from marshmallow import fields, validate

from tenrec_api.schemas.base import Flag
from tenrec_api.schemas.network.values import NamedBody, Nothing, OwnedAnswer, OwnedBody

PHYSICAL = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")


def _external() -> Flag:
    return Flag(data_key="router:external", attribute="external")


class NetworkCreate(OwnedBody):
    """A new network."""

    null_is_absent = (*OwnedBody.null_is_absent, "mtu", "shared", "router:external", "is_default", *PHYSICAL)

    admin_state_up = Flag()
    shared = Flag()
    external = _external()
    is_default = Flag()
    mtu = fields.Integer(validate=validate.Range(min=0, max=65535))
    port_security_enabled = Flag()
    network_type = fields.String(data_key="provider:network_type", validate=validate.OneOf(["geneve", "flat", "vlan"]))
    physical_network = fields.String(data_key="provider:physical_network", validate=validate.Length(max=64))
    segmentation_id = fields.Integer(data_key="provider:segmentation_id", validate=validate.Range(min=1, max=4094))
    dns_domain = Nothing()
    qos_policy_id = Nothing()
    vlan_transparent = Nothing()
    availability_zone_hints = Nothing()


class NetworkUpdate(NamedBody):
    """A change of a network."""

    admin_state_up = Flag()
    shared = Flag()
    external = _external()
    is_default = Flag()
    mtu = fields.Integer(validate=validate.Range(min=0, max=65535))
    port_security_enabled = Flag()
    dns_domain = Nothing()
    qos_policy_id = Nothing()


class NetworkAnswer(OwnedAnswer):
    """A network."""

    admin_state_up = fields.Boolean()
    mtu = fields.Integer()
    status = fields.String()
    subnets = fields.List(fields.String(), attribute="subnet_ids")
    shared = fields.Boolean()
    external = fields.Boolean(data_key="router:external")
    is_default = fields.Boolean()
    port_security_enabled = fields.Boolean()
    availability_zones = fields.Constant(["nova"])
    availability_zone_hints = fields.Constant([])
    ipv4_address_scope = fields.Constant(None)
    ipv6_address_scope = fields.Constant(None)
    network_type = fields.String(data_key="provider:network_type")
    physical_network = fields.String(data_key="provider:physical_network")
    segmentation_id = fields.Integer(data_key="provider:segmentation_id")
