"""Volumes of servers, seen from the server: which it has, what they are called in it, and where its runs take place."""

import string
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput, NotFound
from tenrec_api.models.server import Server
from tenrec_api.models.volume import VolumeAttachment
from tenrec_api.services.compute import instance_actions, servers
from tenrec_api.services.compute.block_devices import VolumePlan
from tenrec_api.services.compute.vm_states import VM_STATES
from tenrec_api.services.volume import attachments

# The first letter is the root disk's, be it an image's or a volume's.
ROOT = "vda"
DEVICES = tuple(f"vd{letter}" for letter in string.ascii_lowercase)
ATTACHABLE = ("ACTIVE", "SHUTOFF", "PAUSED")


def volumes_of(session: Session, server_ids: Sequence[str]) -> dict[str, list[str]]:
    """For each server the ids of its volumes, in the order of their devices."""
    found = attachments.of_servers(session, server_ids)
    return {server_id: [row.volume_id for row in rows] for server_id, rows in found.items()}


def nodes(session: Session, server: Server) -> dict[str, str]:
    """The hosts on which a run about the server and its volumes takes place."""
    where = {"compute": server.node.name}
    for row in _rows(session, server):
        where["storage"] = row.volume.node
    return where


def _rows(session: Session, server: Server) -> list[VolumeAttachment]:
    return attachments.of_servers(session, [server.id])[server.id]


def next_device(used: Collection[str], asked: str | None = None) -> str:
    """The device of another volume: the one asked for (``/dev/vdc``) when it is one of ours, else the first one free.

    Raises InvalidInput when the one asked for is taken, Conflict when there is none left.
    """
    name = (asked or "").removeprefix("/dev/")
    if name in DEVICES:
        if name == ROOT or name in used:
            raise InvalidInput(f"The supplied device path (/dev/{name}) is in use.")
        return name
    free = next((device for device in DEVICES if device != ROOT and device not in used), None)
    if free is None:
        raise Conflict(f"A server has at most {len(DEVICES) - 1} volumes beside its root disk.")
    return free


def reserve_for_boot(session: Session, context: Context, server: Server, plan: VolumePlan) -> None:
    """Reserve an existing volume for a server that is being made, in the caller's transaction; raises InvalidInput."""
    used = {row.device for row in _rows(session, server)}
    try:
        attachments.reserve(
            session,
            context,
            plan.volume_id,
            server.id,
            ROOT if plan.boot else next_device(used),
            boot_index=0 if plan.boot else None,
            delete_on_termination=plan.delete_on_termination,
        )
    except NotFound as error:
        raise InvalidInput(f"Block Device Mapping is Invalid: {error.message}") from error


def listing(session: Session, context: Context, server_id: str) -> list[VolumeAttachment]:
    """The attachments of a server; raises NotFound."""
    return _rows(session, servers.find(session, context, server_id))


def show(session: Session, context: Context, server_id: str, volume_id: str) -> VolumeAttachment:
    """One attachment; raises NotFound."""
    return attachments.show(session, servers.find(session, context, server_id).id, volume_id)


def attach(session: Session, context: Context, server_id: str, volume_id: str, device: str | None) -> VolumeAttachment:
    """Give a volume to a server that runs or is shut off; commits. It is in use when its operation has ended.

    Raises NotFound, Conflict for the server's state, InvalidInput for the volume's.
    """
    server = servers.find_unlocked(session, context, server_id)
    _check(server, "attach_volume")
    chosen = next_device({row.device for row in _rows(session, server)}, device)
    instance_actions.begin(session, context, server, "attach_volume")
    return attachments.attach(session, context, volume_id, server.id, server.node.name, chosen)


def detach(session: Session, context: Context, server_id: str, volume_id: str) -> None:
    """Take a volume from a server; commits. Raises NotFound, Conflict, InvalidInput."""
    server = servers.find_unlocked(session, context, server_id)
    attachment = attachments.show(session, server.id, volume_id)
    _check(server, "detach_volume")
    instance_actions.begin(session, context, server, "detach_volume")
    attachments.detach(session, context, attachment, server.node.name)


def _check(server: Server, action: str) -> None:
    if server.task_state is not None:
        raise Conflict(f"Cannot '{action}' instance {server.id} while it is in task_state {server.task_state}")
    if server.status not in ATTACHABLE or server.node is None:
        raise Conflict(f"Cannot '{action}' instance {server.id} while it is in vm_state {VM_STATES[server.status]}")
