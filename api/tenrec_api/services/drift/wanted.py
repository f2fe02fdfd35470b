"""What the database wants of the hosts: the playbooks that would make it so, and what may be there at all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tenrec_api.models.base import Base
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.image import Image
from tenrec_api.models.network import Network
from tenrec_api.models.operation import UNFINISHED, Operation
from tenrec_api.models.port import Port
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup
from tenrec_api.models.server import Server
from tenrec_api.models.volume import Volume, VolumeAttachment
from tenrec_api.services.compute import repairs
from tenrec_api.services.drift.comparison import Known
from tenrec_api.services.network import floating_ips, networks, ports, routers, security_groups
from tenrec_api.services.volume import attachments

GIB = 1024**3
NORTHBOUND: Mapping[str, type[Base]] = {
    "network": Network,
    "security_group": SecurityGroup,
    "router": Router,
    "port": Port,
    "floating_ip": FloatingIp,
}
ITEMS = {
    "network": networks.item,
    "security_group": security_groups.item,
    "router": routers.item,
    "port": ports.apply_item,
    "floating_ip": floating_ips.item,
}
# Items for one run: enough that a run's own time does not count, few enough that its result stays small.
BATCH = 50


@dataclass(frozen=True)
class Check:
    """A run in check mode: the playbook `kind` with `items`, which are of the noun `resource_type`, on `nodes`."""

    kind: str
    resource_type: str
    nodes: Mapping[str, str]
    items: list[Mapping[str, Any]]


def touched(session: Session, since: datetime) -> set[str]:
    """The resources to which something is being done, or was done since then: they say nothing about drift."""
    query = select(Operation.resource_id, Operation.touched).where(
        or_(Operation.status.in_(UNFINISHED), Operation.finished_at >= since)
    )
    found: set[str] = set()
    for resource_id, resources in session.execute(query):
        found.update((resource_id, *resources))
    return found


def checks(session: Session, busy: Iterable[str]) -> list[Check]:
    """The runs that tell how the hosts differ, for all resources that are settled and not in `busy`."""
    busy = set(busy)
    found: list[Check] = []
    for noun, model in NORTHBOUND.items():
        ids = session.scalars(select(model.id).where(model.deleting.is_(False)).order_by(model.id))
        items = (ITEMS[noun](session, each) for each in ids if each not in busy)
        found += _batches(f"{noun}_apply", noun, {}, items)
    servers = [each for each in _settled_servers(session) if each.id not in busy]
    by_node: dict[str, list] = defaultdict(list)
    for server in servers:
        by_node[server.node.name].append(repairs.item(session, server))
    for node, items in sorted(by_node.items()):
        # Without the storage node: what is exported is looked at with the attachments.
        found += _batches("server_create", "server", {"compute": node}, items)
    hosts = {server.id: server.node.name for server in servers}
    by_nodes: dict[tuple[str, str], list] = defaultdict(list)
    for attachment in _settled_attachments(session):
        if attachment.server_id in hosts and attachment.volume_id not in busy:
            nodes = (hosts[attachment.server_id], attachment.volume.node)
            by_nodes[nodes].append(attachments.item(session, attachment))
    for (compute, storage), items in sorted(by_nodes.items()):
        found += _batches("volume_attach", "attachment", {"compute": compute, "storage": storage}, items)
    return found


def _settled_servers(session: Session) -> list[Server]:
    query = select(Server).where(
        Server.deleted_at.is_(None),
        Server.node_id.is_not(None),
        Server.task_state.is_(None),
        Server.status.in_(repairs.SETTLED),
    )
    return list(session.scalars(query.order_by(Server.id)))


def _settled_attachments(session: Session) -> Iterable[VolumeAttachment]:
    query = select(VolumeAttachment).join(Volume).where(Volume.status == "in-use")
    return session.scalars(query.order_by(VolumeAttachment.id))


def _batches(
    kind: str, resource_type: str, nodes: Mapping[str, str], items: Iterable[Mapping[str, Any] | None]
) -> Iterator[Check]:
    wanted = [each for each in items if each is not None]
    for start in range(0, len(wanted), BATCH):
        yield Check(kind, resource_type, nodes, wanted[start : start + BATCH])


def known(session: Session) -> Known:
    """What has a row. Call it after the hosts were looked at: a row is there before the thing that it stands for."""
    servers = session.execute(select(Server.id, Server.deleted_at)).all()
    nodes = dict(session.execute(select(Server.id, ComputeNode.name).join(Server.node)).all())
    volumes = session.execute(select(Volume.id, Volume.status, Volume.node, Volume.size_gib)).all()
    made = [each for each in volumes if each.status in ("available", "in-use")]
    images = session.execute(select(Image.id, Image.status, Image.size)).all()
    return Known(
        northbound={noun: set(session.scalars(select(model.id))) for noun, model in NORTHBOUND.items()},
        servers={each.id: nodes.get(each.id) for each in servers if each.deleted_at is None},
        deleted_servers={each.id for each in servers if each.deleted_at is not None},
        volumes={each.id: (each.node, each.size_gib * GIB) for each in made},
        any_volumes={each.id for each in volumes},
        attached=set(session.scalars(select(VolumeAttachment.volume_id))),
        images={each.id: each.size for each in images if each.status in ("active", "deactivated")},
        any_images={each.id for each in images},
    )
