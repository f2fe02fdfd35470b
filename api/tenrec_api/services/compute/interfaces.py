"""The ports of a server, seen from the server."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from tenrec_api.context import Context
from tenrec_api.exceptions import NotFound
from tenrec_api.models.port import Port
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.services.compute import servers
from tenrec_api.services.network import ports


def listing(session: Session, context: Context, server_id: str) -> list[Port]:
    """The server's ports; raises NotFound."""
    return ports.of_server(session, servers.find(session, context, server_id).id)


def show(session: Session, context: Context, server_id: str, port_id: str) -> Port:
    """One of the server's ports; raises NotFound."""
    found = next((port for port in listing(session, context, server_id) if port.id == port_id), None)
    if found is None:
        raise NotFound(f"Instance {server_id} has no port {port_id[:80]}.")
    return found


def security_groups(
    session: Session, context: Context, server_id: str
) -> tuple[Sequence[SecurityGroup], Mapping[str, SecurityGroup]]:
    """The security groups of the server's ports, by name, and by id those that their rules name; raises NotFound."""
    wanted = {group_id for port in listing(session, context, server_id) for group_id in port.security_group_ids}
    query = select(SecurityGroup).options(selectinload(SecurityGroup.rules))
    groups = session.scalars(query.where(SecurityGroup.id.in_(wanted)).order_by(SecurityGroup.name)).all()
    named = {rule.remote_group_id for group in groups for rule in group.rules if rule.remote_group_id}
    remotes = session.scalars(select(SecurityGroup).where(SecurityGroup.id.in_(named)))
    return groups, {group.id: group for group in remotes}
