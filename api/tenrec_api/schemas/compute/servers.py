"""Servers: what a request to make or change one holds, and how a list is filtered (Compute API 2.1)."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate

from tenrec_api.schemas.base import Body, Flag, Name, PageQuery, StringMap
from tenrec_api.schemas.compute.fields import IpAddress, Reference, ServerName, Uuid, check_base64

MOST_SERVERS = 1000
UNSUPPORTED = {
    "adminPass": "passwords are not set; use a keypair or user_data",
    "personality": "files are not injected; use user_data",
    "block_device_mapping": "the first form of block device mapping is gone; use block_device_mapping_v2",
}


class NetworkPart(Body):
    """One interface of a new server."""

    uuid = Uuid(allow_none=True)
    port = Uuid(allow_none=True)
    fixed_ip = IpAddress(allow_none=True)


class Networks(fields.Field):
    """A list of networks, or one of the words ``auto`` and ``none``."""

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, str):
            if value not in ("auto", "none"):
                raise ValidationError("Not a list of networks; valid words: auto, none.")
            return value
        if not isinstance(value, list) or len(value) > 32:
            raise ValidationError("Give a list of at most 32 networks, or auto, or none.")
        return NetworkPart(many=True).load(value)


class SecurityGroupPart(Schema):
    """A security group by name or id."""

    class Meta:
        unknown = EXCLUDE

    name = Name(minimum=1, required=True)


class BlockDevicePart(Body):
    """A disk of a new server."""

    uuid = Uuid(allow_none=True)
    source_type = fields.String(required=True, validate=validate.OneOf(["image", "volume", "blank", "snapshot"]))
    destination_type = fields.String(validate=validate.OneOf(["local", "volume"]), allow_none=True)
    boot_index = fields.Integer(allow_none=True, validate=validate.Range(min=-1, max=64))
    delete_on_termination = Flag(allow_none=True)
    volume_size = fields.Integer(allow_none=True, validate=validate.Range(min=1, max=2**31 - 1))
    device_name = Name(allow_none=True)
    device_type = Name(allow_none=True)
    disk_bus = Name(allow_none=True)
    guest_format = Name(allow_none=True)
    no_device = Flag(allow_none=True)


class ServerCreate(Body):
    """The content of ``server`` in a request to make servers."""

    name = ServerName(required=True)
    image_id = Reference(Uuid(), data_key="imageRef", allow_none=True)
    flavor_id = Reference(data_key="flavorRef", required=True)
    networks = Networks(allow_none=True)
    key_name = Name(allow_none=True, minimum=1)
    security_groups = fields.List(fields.Nested(SecurityGroupPart), allow_none=True, validate=validate.Length(max=64))
    user_data = fields.String(allow_none=True, validate=check_base64)
    config_drive = Flag(allow_none=True)
    metadata = StringMap(allow_none=True)
    availability_zone = Name(allow_none=True)
    min_count = fields.Integer(allow_none=True, validate=validate.Range(min=1, max=MOST_SERVERS))
    max_count = fields.Integer(allow_none=True, validate=validate.Range(min=1, max=MOST_SERVERS))
    block_device_mapping = fields.List(
        fields.Nested(BlockDevicePart),
        data_key="block_device_mapping_v2",
        allow_none=True,
        validate=validate.Length(max=64),
    )
    access_ip_v4 = IpAddress(4, empty=True, data_key="accessIPv4", allow_none=True)
    access_ip_v6 = IpAddress(6, empty=True, data_key="accessIPv6", allow_none=True)
    disk_config = fields.String(data_key="OS-DCF:diskConfig", validate=validate.OneOf(["AUTO", "MANUAL"]))
    return_reservation_id = Flag(allow_none=True)

    @pre_load
    def _refuse_unsupported(self, data, **kwargs):
        """Refuse by name what would change the meaning, unless it is empty, which many clients send."""
        if not isinstance(data, dict):
            return data
        for name, reason in UNSUPPORTED.items():
            if data.get(name):
                raise ValidationError(f"Not supported: {reason}.", name)
        return {name: value for name, value in data.items() if name not in UNSUPPORTED}

    @post_load
    def _complete(self, data: dict[str, Any], **kwargs):
        data["min_count"] = data.get("min_count") or 1
        data["max_count"] = data.get("max_count") or data["min_count"]
        if data["min_count"] > data["max_count"]:
            raise ValidationError("min_count must be <= max_count", "min_count")
        data["security_groups"] = list(dict.fromkeys(group["name"] for group in data.get("security_groups") or ()))
        return data


class ServerCreateBody(Body):
    """The whole body. Scheduler hints are refused unless they are empty: no scheduler would heed them."""

    server = fields.Nested(ServerCreate, required=True)
    hints = fields.Dict(data_key="os:scheduler_hints", allow_none=True, validate=validate.Length(max=0))
    old_hints = fields.Dict(data_key="OS-SCH-HNT:scheduler_hints", allow_none=True, validate=validate.Length(max=0))


class ServerUpdate(Body):
    """The content of ``server`` in a request to change one."""

    name = ServerName()
    access_ip_v4 = IpAddress(4, empty=True, data_key="accessIPv4")
    access_ip_v6 = IpAddress(6, empty=True, data_key="accessIPv6")
    disk_config = fields.String(data_key="OS-DCF:diskConfig", validate=validate.OneOf(["AUTO", "MANUAL"]))


class ServerUpdateBody(Body):
    """The whole body."""

    server = fields.Nested(ServerUpdate, required=True)


class Since(fields.String):
    """A time in ISO 8601; read as UTC when it names no zone."""

    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            # A plus sign that a client left as it is arrives as a space.
            moment = datetime.fromisoformat(
                text.strip().replace(" ", "+") if text.count(" ") == 1 and "T" in text else text
            )
            return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        except (ValueError, OverflowError) as error:
            raise ValidationError(f"'{text[:80]}' is not a time; valid: 2026-01-31T12:00:00Z.") from error


class ServerQuery(PageQuery):
    """The filters of a list of servers. `status` may be given several times."""

    name = fields.String(validate=validate.Length(max=255))
    status = fields.List(fields.String())
    image = Reference()
    flavor = Reference()
    ip = fields.String(validate=validate.Length(max=64))
    ip6 = fields.String(validate=validate.Length(max=64))
    host = fields.String()
    uuid = fields.String()
    user_id = fields.String()
    key_name = fields.String()
    reservation_id = fields.String()
    availability_zone = fields.String()
    vm_state = fields.String()
    task_state = fields.String()
    power_state = fields.Integer()
    changes_since = Since(data_key="changes-since")
    deleted = Flag()
    all_tenants = fields.String()
    project_id = fields.String()
    tenant_id = fields.String()

    @post_load
    def _all_tenants(self, data, **kwargs):
        if "all_tenants" in data:
            # Given without a value it means yes.
            data["all_tenants"] = Flag().deserialize(data["all_tenants"] or "1")
        return data


class MetadataBody(Body):
    """Metadata, whole or to be added."""

    metadata = StringMap(required=True)


class MetadataItemBody(Body):
    """One entry of the metadata, under the key that the path names."""

    meta = StringMap(most=1, required=True)


class SecurityGroupAction(Body):
    """The argument of addSecurityGroup and removeSecurityGroup."""

    name = Name(minimum=1, required=True)


class RebootAction(Body):
    """The argument of reboot."""

    type = fields.String(required=True, validate=validate.OneOf(["SOFT", "HARD", "Soft", "Hard", "soft", "hard"]))


class MigrateAction(Body):
    """The argument of migrate: the host to which the server is to go, which the reference knows from 2.56 on."""

    host = Name(minimum=1, allow_none=True)


class ConsoleOutputAction(Body):
    """The argument of os-getConsoleOutput: the number of lines; none or -1: all."""

    length = fields.Integer(allow_none=True, validate=validate.Range(min=-1, max=2**31 - 1))
