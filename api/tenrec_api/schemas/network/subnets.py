"""Subnets (Network API v2.0, "Subnets")."""

from marshmallow import fields, validate

from tenrec_api.schemas.base import Body, Flag
from tenrec_api.schemas.network.values import (
    Cidr,
    Few,
    Id,
    IpAddress,
    NamedBody,
    Nothing,
    OwnedAnswer,
    OwnedBody,
    Route,
)

MODES = ("slaac", "dhcpv6-stateful", "dhcpv6-stateless")


class Pool(Body):
    """A range of addresses, both ends included."""

    start = IpAddress(required=True)
    end = IpAddress(required=True)


class SubnetCreate(OwnedBody):
    """A new subnet. A `gateway_ip` of null means no gateway, none at all the first address."""

    null_is_absent = (
        *OwnedBody.null_is_absent,
        "allocation_pools",
        "enable_dhcp",
        "ipv6_address_mode",
        "ipv6_ra_mode",
        "dns_nameservers",
    )
    null_is_empty = ("host_routes",)

    network_id = Id(required=True)
    cidr = Cidr(required=True)
    ip_version = fields.Integer(required=True, validate=validate.OneOf([4, 6]))
    gateway_ip = IpAddress(allow_none=True)
    enable_dhcp = Flag()
    allocation_pools = Few(fields.Nested(Pool))
    dns_nameservers = Few(IpAddress())
    host_routes = Few(fields.Nested(Route))
    ipv6_address_mode = fields.String(validate=validate.OneOf(MODES))
    ipv6_ra_mode = fields.String(validate=validate.OneOf(MODES))
    subnetpool_id = Nothing()
    prefixlen = Nothing()
    use_default_subnetpool = Nothing()
    service_types = Nothing()
    segment_id = Nothing()
    dns_publish_fixed_ip = Nothing()


class SubnetUpdate(NamedBody):
    """A change of a subnet."""

    null_is_empty = ("host_routes", "dns_nameservers")

    gateway_ip = IpAddress(allow_none=True)
    enable_dhcp = Flag()
    allocation_pools = Few(fields.Nested(Pool))
    dns_nameservers = Few(IpAddress())
    host_routes = Few(fields.Nested(Route))
    service_types = Nothing()
    segment_id = Nothing()
    dns_publish_fixed_ip = Nothing()


class SubnetAnswer(OwnedAnswer):
    """A subnet."""

    network_id = fields.String()
    ip_version = fields.Integer()
    subnetpool_id = fields.Constant(None)
    enable_dhcp = fields.Boolean()
    ipv6_ra_mode = fields.String()
    ipv6_address_mode = fields.String()
    gateway_ip = fields.String()
    cidr = fields.String()
    allocation_pools = fields.List(fields.Dict())
    host_routes = fields.List(fields.Dict())
    dns_nameservers = fields.List(fields.String())
    service_types = fields.Constant([])
