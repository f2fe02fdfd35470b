"""Servers as their playbooks want them (the table in ARCHITECTURE.md)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.image import Image
from tenrec_api.models.server import Server
from tenrec_api.services.compute import config_drive, servers
from tenrec_api.services.image import images
from tenrec_api.services.network import ports
from tenrec_api.services.volume import attachments


def preload(session: Session, server_ids: Sequence[str]) -> None:
    """Read into `session` the servers, locked, and their ports: for a batch, whose items are made one after the other.

    Locked, because the answers to requests of this moment (a deletion) must not be overwritten by what was read before.
    """
    wanted = select(Server).where(Server.id.in_(server_ids))
    session.scalars(servers.locked(wanted.order_by(Server.id))).all()
    # Again, now with their nodes, which are not to be locked.
    session.scalars(wanted).all()
    ports.of_servers(session, server_ids)


def create(session: Session, server: Server) -> dict[str, Any]:
    """The item of `server_create`. `root_gib` 0: as large as the image."""
    plugged = ports.of_server(session, server.id)
    image = session.get(Image, server.image_id) if server.image_id else None
    return {
        "id": server.id,
        "name": server.name,
        "vcpus": server.vcpus,
        "memory_mib": server.memory_mib,
        "root_gib": server.flavor["disk_gib"] if image else 0,
        "image": images.delivery(session, image) if image else None,
        "ports": [ports.item(session, port) for port in plugged],
        "volumes": _volumes(session, server),
        "config_drive": config_drive.documents(session, server, plugged),
    }


def delete(session: Session, server_id: str, server: Server | None) -> dict[str, Any]:
    """The item of `server_delete`; without a server, to remove what a lost one left behind, its id alone.

    Ports that its owner made are not removed: they are applied again, unbound, when the server is gone.
    """
    if server is None:
        return {"id": server_id, "ports": [], "volumes": []}
    made = [{"id": port.id} for port in ports.of_server(session, server_id) if port.made_by_compute]
    return {"id": server_id, "ports": made, "volumes": _volumes(session, server)}


def _volumes(session: Session, server: Server) -> list[dict[str, Any]]:
    rows = attachments.of_servers(session, [server.id])[server.id]
    return [attachments.item(session, row) for row in rows]
