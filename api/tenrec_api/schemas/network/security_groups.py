"""Security groups and their rules (Network API v2.0, "Security groups", "Security group rules")."""

from marshmallow import ValidationError, fields, validate

from tenrec_api.schemas.base import Body, Name, Time
from tenrec_api.schemas.network.values import Id, NamedBody, Nothing, Only, OwnedAnswer, OwnedBody, RemotePrefix

# The names of IP protocols that the API takes; a number from 0 to 255 is taken as well.
PROTOCOLS = (
    "any", "ah", "dccp", "egp", "esp", "gre", "icmp", "icmpv6", "igmp", "ipip", "ipv6-encap", "ipv6-frag", "ipv6-icmp",
    "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf", "pgm", "rsvp", "sctp", "tcp", "udp", "udplite", "vrrp",
)  # fmt: skip


class Protocol(fields.Field):
    """A protocol by name or by number; loaded as text."""

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise ValidationError("Not a string or an integer.")
        name = value.lower()
        number = name.isascii() and name.isdecimal() and len(name) < 4 and int(name) <= 255
        if not number and name not in PROTOCOLS:
            raise ValidationError(f"'{value[:40]}' is not a protocol; valid: 0 to 255, {', '.join(PROTOCOLS)}.")
        return str(int(name)) if number else name


class Ethertype(fields.String):
    """``IPv4`` or ``IPv6``, however written."""

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        if text not in ("ipv4", "ipv6"):
            raise ValidationError("Valid: IPv4, IPv6.")
        return "IPv4" if text == "ipv4" else "IPv6"


class SecurityGroupCreate(OwnedBody):
    """A new group."""

    name = Name(required=True)
    stateful = Only(True)


class SecurityGroupUpdate(NamedBody):
    """A change of a group."""

    stateful = Only(True)


class RuleAnswer(Body):
    """A rule."""

    id = fields.String()
    tenant_id = fields.Function(lambda row: row.project_id)
    project_id = fields.String()
    security_group_id = fields.String()
    direction = fields.String()
    ethertype = fields.String()
    protocol = fields.String()
    port_range_min = fields.Integer()
    port_range_max = fields.Integer()
    remote_ip_prefix = fields.String()
    remote_group_id = fields.String()
    description = fields.String()
    tags = fields.Constant([])
    created_at = Time()
    updated_at = Time(attribute="changed_at")
    revision_number = fields.Integer()


class SecurityGroupAnswer(OwnedAnswer):
    """A group with its rules."""

    stateful = fields.Constant(True)
    shared = fields.Constant(False)
    rules = fields.List(fields.Nested(RuleAnswer), data_key="security_group_rules")


class RuleCreate(Body):
    """A new rule. Null or absent means any."""

    project_id = fields.String(allow_none=True, validate=validate.Length(max=64))
    tenant_id = fields.String(allow_none=True, validate=validate.Length(max=64), load_only=True)
    security_group_id = Id(required=True)
    direction = fields.String(required=True, validate=validate.OneOf(["ingress", "egress"]))
    ethertype = Ethertype(load_default="IPv4")
    protocol = Protocol(allow_none=True)
    port_range_min = fields.Integer(allow_none=True, validate=validate.Range(min=0, max=65535))
    port_range_max = fields.Integer(allow_none=True, validate=validate.Range(min=0, max=65535))
    remote_ip_prefix = RemotePrefix(allow_none=True)
    remote_group_id = Id(allow_none=True)
    remote_address_group_id = Nothing()
    description = Name(load_default="")
