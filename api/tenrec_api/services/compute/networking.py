"""The networks that a server is plugged into: what the request asks for, and the ports that come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput, NotFound
from tenrec_api.models.network import Network
from tenrec_api.models.port import Port
from tenrec_api.models.server import Server
from tenrec_api.services.network import lookup, ports, security_groups

AUTO, NONE = "auto", "none"


@dataclass(frozen=True)
class Attachment:
    """One interface: an existing port, or a new one on a network, perhaps with a certain address."""

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None


def resolve_groups(session: Session, context: Context, names_or_ids: Sequence[str]) -> list[str]:
    """The ids of the security groups; raises NotFound, Conflict."""
    return security_groups.resolve(session, context, names_or_ids)


def plan(
    session: Session, context: Context, wanted: str | Sequence[Mapping[str, Any]] | None, several: bool = False
) -> list[Attachment]:
    """Read the request's `networks`: a list of ``{uuid, port, fixed_ip}``, or one of the words ``auto`` and ``none``.

    Without any it is the project's only network, if it has just one. Raises InvalidInput for what is not there or does
    not go together (`several` servers cannot have one port), Conflict for a port in use and for several networks to
    choose from.
    """
    if wanted == NONE:
        return []
    if not wanted or wanted == AUTO:
        network_id = ports.find_network_for_server(session, context)
        if network_id is None and wanted == AUTO:
            raise InvalidInput("There is no network to allocate automatically; create one, or ask for 'none'.")
        return [Attachment(network_id=network_id)] if network_id else []
    attachments = [_read(session, context, entry, several) for entry in wanted]
    named = [each.port_id for each in attachments if each.port_id]
    if len(set(named)) < len(named):
        raise InvalidInput("Bad networks format: a port is named twice.")
    return attachments


def _read(session: Session, context: Context, entry: Mapping[str, Any], several: bool) -> Attachment:
    port_id, network_id, fixed_ip = entry.get("port"), entry.get("uuid"), entry.get("fixed_ip")
    if port_id is None and network_id is None:
        raise InvalidInput("Bad networks format: network uuid or port is required.")
    if several and (port_id or fixed_ip):
        raise InvalidInput("max_count cannot be greater than 1 if a port or fixed_ip is specified.")
    try:
        if port_id is None:
            lookup.find(session, context, Network, network_id)
            return Attachment(network_id=network_id, fixed_ip=fixed_ip)
        port = ports.show(session, context, port_id)
    except NotFound as error:
        raise InvalidInput(error.message) from error
    if fixed_ip is not None:
        raise InvalidInput(
            f"Specified Fixed IP '{fixed_ip}' cannot be used with port '{port_id}': specify one of the two."
        )
    if port.device_id:
        raise Conflict(f"Port {port_id} is still in use.")
    return Attachment(port_id=port_id)


def attach(
    session: Session,
    context: Context,
    server: Server,
    host: str,
    attachments: Sequence[Attachment],
    security_group_ids: Sequence[str],
) -> list[Port]:
    """Make and bind the ports, in the caller's transaction. Raises InvalidInput, Conflict, Forbidden, QuotaExceeded."""
    made = []
    for each in attachments:
        try:
            if each.port_id is not None:
                made.append(ports.bind(session, context, each.port_id, server.id, host))
            else:
                made.append(
                    ports.create_for_server(
                        session, context, server.id, each.network_id, host, security_group_ids, each.fixed_ip
                    )
                )
        except NotFound as error:
            raise InvalidInput(error.message) from error
    return made
