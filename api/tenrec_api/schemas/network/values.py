"""The values of the network API: addresses, prefixes, hardware addresses, ids. All are loaded in canonical form."""

import json
import re
from ipaddress import ip_address, ip_interface, ip_network

from marshmallow import Schema, ValidationError, fields, missing, post_load, pre_load, validate

from tenrec_api.schemas.base import Body, Name, Time

UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", re.ASCII)
MOST_ENTRIES = 128


class Text(fields.String):
    """A text whose conversion `convert` raises ValueError for what is not valid; `valid` says what would be."""

    valid = ""

    def convert(self, text: str) -> str:
        raise NotImplementedError

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            if len(text) > 64:
                raise ValueError
            return self.convert(text)
        except ValueError as error:
            raise ValidationError(f"'{text[:64]}' is not valid; valid: {self.valid}.") from error


class IpAddress(Text):
    """An IPv4 or IPv6 address that a machine can have."""

    valid = "an IPv4 or IPv6 address"

    def convert(self, text: str) -> str:
        address = ip_address(text)
        if "%" in text or address.is_multicast or address.is_unspecified:
            raise ValueError
        return str(address)


class Cidr(Text):
    """A prefix without host bits."""

    valid = "a prefix whose host bits are zero, such as 192.0.2.0/24"

    def convert(self, text: str) -> str:
        if "/" not in text or "%" in text:
            raise ValueError
        return str(ip_network(text))


class RemotePrefix(Text):
    """A prefix of a rule: an address alone is itself, host bits are let pass and taken as written."""

    valid = "an address or a prefix, such as 192.0.2.0/24"

    def convert(self, text: str) -> str:
        if "%" in text:
            raise ValueError
        return str(ip_interface(text))


class AddressOrPrefix(Text):
    """An address or a prefix without host bits."""

    valid = "an address or a prefix, such as 192.0.2.7 or 192.0.2.0/24"

    def convert(self, text: str) -> str:
        if "%" in text:
            raise ValueError
        return str(ip_network(text)) if "/" in text else str(ip_address(text))


class MacAddress(Text):
    """A hardware address of one machine, in lower case with colons."""

    valid = "six bytes such as fa:16:3e:00:00:01, not all zero and no multicast address"

    def convert(self, text: str) -> str:
        address = text.lower().replace("-", ":")
        if not MAC.fullmatch(address) or int(address[:2], 16) & 1 or address == "00:00:00:00:00:00":
            raise ValueError
        return address


class Id(Text):
    """The id of a resource."""

    valid = "a UUID"

    def convert(self, text: str) -> str:
        if not UUID.fullmatch(text):
            raise ValueError
        return text


class Few(fields.List):
    """A list with a bound."""

    def __init__(self, member, most: int = MOST_ENTRIES, **kwargs):
        super().__init__(member, validate=validate.Length(max=most), **kwargs)


class Only(fields.Raw):
    """An attribute that has one value here: that one, or null, is taken and left out, anything else refused."""

    def __init__(self, *values, **kwargs):
        super().__init__(**kwargs)
        self.values = values

    def deserialize(self, value, attr=None, data=None, **kwargs):
        if value is not None and value is not missing and value not in self.values:
            raise ValidationError(f"This is not supported here; leave it out, or give {json.dumps(self.values[0])}.")
        return missing


class Nothing(Only):
    """An attribute of a feature that is not there."""

    def __init__(self, **kwargs):
        super().__init__(None, "", [], {}, False, **kwargs)


class Route(Body):
    """``{destination, nexthop}``"""

    destination = Cidr(required=True)
    nexthop = IpAddress(required=True)


class FixedIp(Body):
    """``{subnet_id, ip_address}``, one of both or both."""

    subnet_id = Id()
    ip_address = IpAddress()


class NamedBody(Body):
    """What every change may set. Clients send explicit nulls: for these names they mean nothing, or an empty list."""

    null_is_absent: tuple[str, ...] = ("project_id", "tenant_id", "admin_state_up")
    null_is_empty: tuple[str, ...] = ()

    name = Name()
    description = Name()

    @pre_load
    def _read_nulls(self, data, **kwargs):
        if not isinstance(data, dict):
            return data
        given = {name: value for name, value in data.items() if value is not None or name not in self.null_is_absent}
        return {name: [] if value is None and name in self.null_is_empty else value for name, value in given.items()}


class OwnedBody(NamedBody):
    """What every creation may set. `tenant_id` is the older name of `project_id`."""

    project_id = fields.String(validate=validate.Length(max=64))
    tenant_id = fields.String(validate=validate.Length(max=64))

    @post_load
    def _older_name(self, data, **kwargs):
        older = data.pop("tenant_id", None)
        if older is not None and data.setdefault("project_id", older) != older:
            raise ValidationError("tenant_id and project_id differ.", "tenant_id")
        return data


class OwnedAnswer(Schema):
    """What every answer tells."""

    id = fields.String()
    name = fields.String()
    tenant_id = fields.Function(lambda row: row.project_id)
    project_id = fields.String()
    description = fields.String()
    tags = fields.List(fields.String())
    created_at = Time()
    updated_at = Time(attribute="changed_at")
    revision_number = fields.Integer()
