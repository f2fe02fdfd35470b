"""Servers that exist and are set right by the playbook that makes servers: what it is given, and how that ends."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.operation import Operation
from tenrec_api.models.server import Server
from tenrec_api.models.volume import VolumeAttachment
from tenrec_api.services import operations
from tenrec_api.services.compute import attachments, outcomes, server_items
from tenrec_api.services.network import port_items, ports

# The states in which it is known what the server's domain should do.
SETTLED = ("ACTIVE", "SHUTOFF")


def enqueue(session: Session, server: Server) -> Operation:
    """Queue the repair of a server that is on a host, in the caller's transaction."""
    plugged, shared = port_items.operation_resources(ports.of_server(session, server.id))
    volumes = session.scalars(select(VolumeAttachment.volume_id).where(VolumeAttachment.server_id == server.id))
    return operations.enqueue(
        session,
        "server_create",
        "server",
        server.id,
        project_id=server.project_id,
        exclusive=[server.id, *plugged, *volumes],
        shared=shared,
        nodes=attachments.nodes(session, server),
        parameters={operations.REPAIR: True},
    )


def item(session: Session, server: Server) -> dict[str, Any] | None:
    """The item of `server_create` for a server as it is now; None when nobody knows what it should be.

    Its root disk is there already: were it lost, an empty one in its place would only hide that.
    """
    if server.node is None or server.status not in SETTLED:
        return None
    wanted = {"started": server.status == "ACTIVE", "root_disk": server.image_id is not None}
    return server_items.create(session, server) | wanted


def repaired(session: Session, server: Server) -> None:
    """The server is again what its status says. What was asked for meanwhile still is to come."""
    if server.status in SETTLED:
        running = server.status == "ACTIVE"
        server.power_state = outcomes.RUNNING if running else outcomes.SHUT_DOWN
        ports.set_server_active(session, server.id, running)
