"""Servers as they are looked at: one, many, and what other services know about them; and their small changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, lazyload

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, Forbidden, NotFound
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.port import IpAllocation, Port, PortSecurityGroup
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.models.server import Server
from tenrec_api.services.compute import instance_actions
from tenrec_api.services.compute.vm_states import VM_STATES
from tenrec_api.services.listing import page, sort_of
from tenrec_api.services.network import ports
from tenrec_api.services.volume import attachments

SORT_KEYS = {"display_name": "name", "uuid": "id", "image_ref": "image_id", "vm_state": "status", "host": "node_id"}
EQUALS = {
    "image": "image_id",
    "user_id": "user_id",
    "key_name": "key_name",
    "reservation_id": "reservation_id",
    "availability_zone": "availability_zone",
    "task_state": "task_state",
    "power_state": "power_state",
    "uuid": "id",
}


@dataclass
class ServerView:
    """A server with what other services know about it.

    `addresses`: dicts as services.network.ports makes them; `security_groups`: names; `volumes`: ids.
    """

    server: Server
    addresses: list[dict] = field(default_factory=list)
    security_groups: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)


def find(session: Session, context: Context, server_id: str, lock: bool = False) -> Server:
    """The server if the caller may see it and it is not deleted; raises NotFound. `lock`: FOR UPDATE."""
    query = select(Server).where(Server.id == server_id, Server.deleted_at.is_(None))
    if not context.is_admin:
        query = query.where(Server.project_id == context.project_id)
    if lock:
        query = locked(query)
    server = session.scalars(query).first()
    if server is None:
        raise NotFound(f"Instance {server_id[:80]} could not be found.")
    return server


def locked(query: Select) -> Select:
    """`query` with its servers FOR UPDATE, and not their nodes, which a join would lock as well."""
    return query.options(lazyload(Server.node)).with_for_update().execution_options(populate_existing=True)


def find_unlocked(session: Session, context: Context, server_id: str) -> Server:
    """The server, its row locked, to be changed.

    Raises Conflict when its owner locked it and the caller is no administrator.
    """
    server = find(session, context, server_id, lock=True)
    if server.locked and not context.is_admin:
        raise Conflict(f"Instance {server.id} is locked")
    return server


def show(session: Session, context: Context, server_id: str) -> ServerView:
    """One server, whole."""
    return views(session, [find(session, context, server_id)])[0]


def listing(session: Session, context: Context, arguments: Mapping[str, Any]) -> tuple[list[Server], bool]:
    """One page of servers and whether there are more. `arguments` are those of the query string, see ServerQuery."""
    query = _in_scope(context, arguments)
    for name, column in EQUALS.items():
        if arguments.get(name) is not None:
            query = query.where(getattr(Server, column) == arguments[name])
    if arguments.get("name"):
        query = query.where(Server.name.like(like_pattern(arguments["name"]), escape="\\"))
    if arguments.get("flavor"):
        query = query.where(Server.flavor["id"].as_string() == arguments["flavor"])
    if arguments.get("status"):
        query = query.where(Server.status.in_([status.upper() for status in arguments["status"]]))
    if arguments.get("vm_state"):
        states = [status for status, state in VM_STATES.items() if state == arguments["vm_state"].lower()]
        query = query.where(Server.status.in_(states))
    if arguments.get("host") and context.is_admin:
        query = query.where(Server.node_id.in_(select(ComputeNode.id).where(ComputeNode.name == arguments["host"])))
    for name, version in (("ip", "."), ("ip6", ":")):
        if arguments.get(name):
            pattern = like_pattern(arguments[name], literal_dots=True)
            query = query.where(
                Server.id.in_(
                    select(Port.device_id)
                    .join(IpAllocation, IpAllocation.port_id == Port.id)
                    .where(
                        IpAllocation.ip_address.like(pattern, escape="\\"), IpAllocation.ip_address.contains(version)
                    )
                )
            )
    sort = [(SORT_KEYS.get(key, key), way) for key, way in sort_of(arguments)]
    return page(session, query, Server, limit=arguments.get("limit"), marker=arguments.get("marker"), sort=sort)


def _in_scope(context: Context, arguments: Mapping[str, Any]) -> Select:
    """Whose servers, and whether deleted ones too."""
    query = select(Server)
    project = arguments.get("project_id") or arguments.get("tenant_id")
    if arguments.get("all_tenants") or (project and context.is_admin):
        if not context.is_admin:
            raise Forbidden("Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.")
        if project:
            query = query.where(Server.project_id == project)
    else:
        query = query.where(Server.project_id == context.project_id)
    since = arguments.get("changes_since")
    if since is not None:
        return query.where((Server.updated_at >= since) | (Server.created_at >= since) | (Server.deleted_at >= since))
    if arguments.get("deleted") and context.is_admin:
        return query.where(Server.deleted_at.is_not(None))
    return query.where(Server.deleted_at.is_(None))


def like_pattern(text: str, literal_dots: bool = False) -> str:
    """The regular expressions that clients use in filters, as a LIKE pattern.

    ``^``, ``$``, ``.*``, ``.`` and ``\\x`` keep their meaning; whatever else has one in a regular expression is taken
    literally, so that a filter can neither fail nor take long.
    """
    start, end = text.startswith("^"), text.endswith("$") and not text.endswith("\\$")
    text = text[start : len(text) - end]
    pattern, index = [], 0
    while index < len(text):
        character = text[index]
        if character == "\\" and index + 1 < len(text):
            index += 1
            pattern.append(_escape(text[index]))
        elif text.startswith(".*", index):
            index += 1
            pattern.append("%")
        elif character == "." and not literal_dots:
            pattern.append("_")
        else:
            pattern.append(_escape(character))
        index += 1
    return ("" if start else "%") + "".join(pattern) + ("" if end else "%")


def _escape(character: str) -> str:
    return f"\\{character}" if character in "%_\\" else character


def views(session: Session, servers: Sequence[Server]) -> list[ServerView]:
    """The servers with addresses, security groups and volumes: three queries, however many servers."""
    ids = [server.id for server in servers]
    if not ids:
        return []
    addresses = ports.addresses_of_servers(session, ids)
    groups = security_groups_of(session, ids)
    volumes = attachments.of_servers(session, ids)
    return [
        ServerView(
            server,
            addresses.get(server.id, []),
            groups.get(server.id, []),
            [attachment.volume_id for attachment in volumes[server.id]],
        )
        for server in servers
    ]


def security_groups_of(session: Session, server_ids: Sequence[str]) -> dict[str, list[str]]:
    """For each server the names of its ports' security groups, sorted."""
    query = (
        select(Port.device_id, SecurityGroup.name)
        .join(PortSecurityGroup, PortSecurityGroup.port_id == Port.id)
        .join(SecurityGroup, SecurityGroup.id == PortSecurityGroup.security_group_id)
        .where(Port.device_id.in_(server_ids))
        .distinct()
        .order_by(SecurityGroup.name)
    )
    found: dict[str, list[str]] = {}
    for server_id, name in session.execute(query):
        found.setdefault(server_id, []).append(name)
    return found


def update(session: Session, context: Context, server_id: str, changes: Mapping[str, Any]) -> ServerView:
    """Set name, access addresses or disk_config; commits. The guest's host name stays what it was."""
    server = find(session, context, server_id, lock=True)
    for name, value in changes.items():
        setattr(server, name, value)
    session.commit()
    return views(session, [server])[0]


def set_locked(session: Session, context: Context, server_id: str, locked: bool) -> None:
    """Lock the server against everybody but administrators, or unlock it; commits.

    What an administrator locked, only an administrator unlocks: raises Forbidden.
    """
    server = find(session, context, server_id, lock=True)
    if not locked and server.locked_by == "admin" and not context.is_admin:
        raise Forbidden(f"Instance {server.id} was locked by an administrator.")
    server.locked = locked
    # An owner who is an administrator as well locks as the owner.
    server.locked_by = ("owner" if context.owns(server.project_id) else "admin") if locked else None
    instance_actions.begin(session, context, server, "lock" if locked else "unlock")
    session.commit()


def addresses_on(session: Session, context: Context, server_id: str, network: str) -> list[dict]:
    """The server's addresses on the network of that name; raises NotFound when it has no port there."""
    found = [entry for entry in show(session, context, server_id).addresses if entry["network_name"] == network]
    if not found:
        raise NotFound(f"Instance {server_id} is not on a network '{network[:80]}'.")
    return found
