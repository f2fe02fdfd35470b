"""Floating IPs (Network API v2.0, "Floating IPs")."""

from marshmallow import fields

from tenrec_api.schemas.base import Body, Name
from tenrec_api.schemas.network.values import Id, IpAddress, NamedBody, Nothing, OwnedAnswer, OwnedBody


class FloatingIpPart(Body):
    """What creation and change have in common."""

    description = Name()
    port_id = Id(allow_none=True)
    fixed_ip_address = IpAddress(allow_none=True)
    qos_policy_id = Nothing()


class FloatingIpCreate(FloatingIpPart, OwnedBody):
    """A new floating IP."""

    null_is_absent = (*NamedBody.null_is_absent, "floating_ip_address", "subnet_id")

    floating_network_id = Id(required=True)
    floating_ip_address = IpAddress()
    subnet_id = Id()
    name = Nothing()
    dns_name = Nothing()
    dns_domain = Nothing()


class FloatingIpUpdate(FloatingIpPart):
    """A change of a floating IP: a `port_id` of null frees it."""


class FloatingIpAnswer(OwnedAnswer):
    """A floating IP. It has no name."""

    class Meta:
        exclude = ("name",)

    floating_ip_address = fields.String()
    floating_network_id = fields.String()
    router_id = fields.String()
    port_id = fields.String()
    fixed_ip_address = fields.String()
    status = fields.String()
