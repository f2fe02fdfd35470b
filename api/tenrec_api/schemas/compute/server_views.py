"""Servers as the answer shows them (Compute API 2.1), with the attributes of the extensions that 2.1 has built in."""

import hashlib
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from tenrec_api.models.server import Server
from tenrec_api.services.compute.servers import ServerView
from tenrec_api.services.compute.vm_states import VM_STATES

# The states in which the reference shows how far a server is.
WITH_PROGRESS = ("ACTIVE", "BUILD", "DELETED", "REBOOT", "HARD_REBOOT")


class ServerSummary(Schema):
    """A server in a list without details."""

    id = fields.String()
    name = fields.String()
    links = fields.List(fields.Dict())


class ServerDetail(Schema):
    """A server, whole."""

    id = fields.String()
    name = fields.String()
    status = fields.String()
    tenant_id = fields.String()
    user_id = fields.String()
    metadata = fields.Dict()
    hostId = fields.String()
    image = fields.Raw(metadata={"description": "an object; an empty string when a volume boots"})
    flavor = fields.Dict()
    created = fields.String()
    updated = fields.String()
    addresses = fields.Dict()
    accessIPv4 = fields.String()
    accessIPv6 = fields.String()
    links = fields.List(fields.Dict())
    progress = fields.Integer()
    config_drive = fields.String()
    key_name = fields.String(allow_none=True)
    security_groups = fields.List(fields.Dict())
    fault = fields.Dict()


class ServerBody(Schema):
    """``{"server": …}``"""

    server = fields.Nested(ServerDetail)


class ServerList(Schema):
    """``{"servers": […]}``"""

    servers = fields.List(fields.Nested(ServerSummary))
    servers_links = fields.List(fields.Dict())


class ServerDetailList(Schema):
    """``{"servers": […]}``, whole."""

    servers = fields.List(fields.Nested(ServerDetail))
    servers_links = fields.List(fields.Dict())


def links(root: str, path: str) -> list[dict]:
    """The two links that every resource of this API has; `root` is the API's URL."""
    return [
        {"rel": "self", "href": f"{root}{path}"},
        {"rel": "bookmark", "href": f"{root.removesuffix('/v2.1')}{path}"},
    ]


def summary(server: Server, root: str) -> dict[str, Any]:
    """A server in a list."""
    return {"id": server.id, "name": server.name, "links": links(root, f"/servers/{server.id}")}


def detail(view: ServerView, root: str, admin: bool) -> dict[str, Any]:
    """A server, whole; `admin`: with where it is."""
    server = view.server
    body = {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": server.details,
        "hostId": host_id(server),
        "image": _reference(root, "images", server.image_id) if server.image_id else "",
        "flavor": _reference(root, "flavors", server.flavor["id"]),
        "created": _time(server.created_at),
        "updated": _time(server.updated_at or server.created_at),
        "addresses": addresses(view.addresses),
        "accessIPv4": server.access_ip_v4,
        "accessIPv6": server.access_ip_v6,
        "links": links(root, f"/servers/{server.id}"),
        "OS-DCF:diskConfig": server.disk_config,
        "OS-EXT-AZ:availability_zone": server.availability_zone if server.node else "",
        "config_drive": "True" if server.config_drive else "",
        "key_name": server.key_name,
        "OS-SRV-USG:launched_at": iso_microseconds(server.launched_at),
        "OS-SRV-USG:terminated_at": iso_microseconds(server.deleted_at),
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": VM_STATES[server.status],
        "OS-EXT-STS:power_state": server.power_state,
        "os-extended-volumes:volumes_attached": [{"id": volume_id} for volume_id in view.volumes],
    }
    if view.security_groups:
        body["security_groups"] = [{"name": name} for name in view.security_groups]
    if server.status in WITH_PROGRESS:
        body["progress"] = 0 if server.status == "BUILD" else 100
    if server.status in ("ERROR", "DELETED") and server.fault:
        body["fault"] = _fault(server.fault, admin)
    if admin:
        body["OS-EXT-SRV-ATTR:host"] = server.node.name if server.node else None
        body["OS-EXT-SRV-ATTR:hypervisor_hostname"] = server.node.name if server.node else None
        body["OS-EXT-SRV-ATTR:instance_name"] = f"server-{server.id}"
    return body


def addresses(entries: list[dict]) -> dict[str, list[dict]]:
    """The addresses by network, as the answer shows them."""
    networks: dict[str, list[dict]] = {}
    for entry in entries:
        networks.setdefault(entry["network_name"], []).append(
            {
                "version": entry["version"],
                "addr": entry["ip"],
                "OS-EXT-IPS:type": entry["type"],
                "OS-EXT-IPS-MAC:mac_addr": entry["mac"],
            }
        )
    return networks


def host_id(server: Server) -> str:
    """Tells a project which of its servers share a host, and not which host.

    SHA-224 of project and host, as Nova does.
    """
    if server.node is None:
        return ""
    return hashlib.sha224(f"{server.project_id}{server.node.name}".encode()).hexdigest()


def _reference(root: str, collection: str, resource_id: str) -> dict[str, Any]:
    return {"id": resource_id, "links": links(root, f"/{collection}/{resource_id}")[1:]}


def _fault(fault: dict[str, Any], admin: bool) -> dict[str, Any]:
    body = {
        "code": fault["code"],
        "created": _time(datetime.fromisoformat(fault["created"])),
        "message": fault["message"],
    }
    return body | {"details": fault["details"]} if admin else body


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_microseconds(value: datetime | None) -> str | None:
    """A time as the extensions write it: microseconds and no zone."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S.%f")
