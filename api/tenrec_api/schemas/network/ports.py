"""Ports (Network API v2.0, "Ports")."""

from marshmallow import fields

from tenrec_api.schemas.base import Body, Flag, Name
from tenrec_api.schemas.network.values import (
    AddressOrPrefix,
    Few,
    FixedIp,
    Id,
    MacAddress,
    NamedBody,
    Nothing,
    Only,
    OwnedAnswer,
    OwnedBody,
)


class AddressPair(Body):
    """A further address that the port may send from, by default with its own hardware address."""

    ip_address = AddressOrPrefix(required=True)
    mac_address = MacAddress()


class PortPart(NamedBody):
    """What creation and change have in common."""

    null_is_empty = ("allowed_address_pairs", "security_groups")

    admin_state_up = Flag()
    mac_address = MacAddress()
    device_id = Name()
    device_owner = Name()
    fixed_ips = Few(fields.Nested(FixedIp))
    security_group_ids = Few(Id(), data_key="security_groups")
    allowed_address_pairs = Few(fields.Nested(AddressPair), most=10)
    port_security_enabled = Flag()
    binding_host_id = Name(data_key="binding:host_id")
    binding_profile = Nothing(data_key="binding:profile")
    # Only virtual interfaces of the software switch are offered: any other type is refused.
    binding_vnic_type = Only("normal", data_key="binding:vnic_type")
    extra_dhcp_opts = Nothing()
    dns_name = Nothing()
    dns_domain = Nothing()
    qos_policy_id = Nothing()


class PortCreate(OwnedBody, PortPart):
    """A new port. Without `fixed_ips` it gets an address of each IP version that the network has."""

    null_is_absent = (
        *OwnedBody.null_is_absent,
        "mac_address",
        "device_id",
        "device_owner",
        "fixed_ips",
        "port_security_enabled",
        "binding:host_id",
        "binding:vnic_type",
        "security_groups",
    )
    null_is_empty = ("allowed_address_pairs",)

    network_id = Id(required=True)


class PortUpdate(PortPart):
    """A change of a port."""

    null_is_absent = (
        *NamedBody.null_is_absent,
        "port_security_enabled",
        "binding:vnic_type",
        "mac_address",
        "fixed_ips",
    )


class FixedIpAnswer(Body):
    """An address of a port."""

    subnet_id = fields.String()
    ip_address = fields.String()


class PortAnswer(OwnedAnswer):
    """A port."""

    network_id = fields.String()
    mac_address = fields.String()
    admin_state_up = fields.Boolean()
    status = fields.String()
    device_id = fields.String()
    device_owner = fields.String()
    fixed_ips = fields.List(fields.Nested(FixedIpAnswer))
    allowed_address_pairs = fields.Method("_pairs")
    security_groups = fields.List(fields.String(), attribute="security_group_ids")
    port_security_enabled = fields.Boolean()
    extra_dhcp_opts = fields.Constant([])
    binding_vnic_type = fields.Constant("normal", data_key="binding:vnic_type")
    binding_host_id = fields.String(data_key="binding:host_id")
    binding_profile = fields.Dict(data_key="binding:profile")
    binding_vif_type = fields.Function(
        lambda port: "ovs" if port.binding_host_id else "unbound", data_key="binding:vif_type"
    )
    binding_vif_details = fields.Constant({}, data_key="binding:vif_details")

    def _pairs(self, port) -> list[dict]:
        return [{"mac_address": port.mac_address, **pair} for pair in port.allowed_address_pairs]
