"""How much of the cloud a project used in a time: hours of servers, of their vCPUs, memory and disk."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import InvalidInput
from tenrec_api.models.base import now
from tenrec_api.models.server import Server

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class ServerUsage:
    """One server's part: `hours` within the time asked about, `uptime` seconds until now or its end."""

    server: Server
    hours: float
    uptime: int


@dataclass
class ProjectUsage:
    """A project's sum; the unit is what was used times hours."""

    project_id: str
    start: datetime
    stop: datetime
    servers: list[ServerUsage] = field(default_factory=list)

    def total(self, column: str | None = None) -> float:
        """Hours, weighted by a column of the server (vcpus, memory_mib, disk_gib)."""
        return sum(each.hours * (getattr(each.server, column) if column else 1) for each in self.servers)


def usage(
    session: Session, start: datetime | None, end: datetime | None, project_id: str | None = None
) -> list[ProjectUsage]:
    """The usage of every project that had servers between `start` and `end`, or of one project.

    Times are UTC and default to the moment. Raises InvalidInput when the end is before the start.
    """
    stop = end or now()
    begin = start or stop
    if begin > stop:
        raise InvalidInput(f"Invalid start time. The start time ({begin}) cannot occur after the end time ({stop}).")
    query = (
        select(Server)
        .where(Server.launched_at.is_not(None), Server.launched_at < stop)
        .where(or_(Server.deleted_at.is_(None), Server.deleted_at > begin))
        .order_by(Server.project_id, Server.launched_at, Server.id)
    )
    if project_id is not None:
        query = query.where(Server.project_id == project_id)
    return _summed(session.scalars(query), begin, stop)


def _summed(servers: Iterable[Server], begin: datetime, stop: datetime) -> list[ProjectUsage]:
    projects: dict[str, ProjectUsage] = {}
    for server in servers:
        end = server.deleted_at or now()
        seconds = (min(end, stop) - max(server.launched_at, begin)).total_seconds()
        uptime = int((end - server.launched_at).total_seconds())
        project = projects.setdefault(server.project_id, ProjectUsage(server.project_id, begin, stop))
        project.servers.append(ServerUsage(server, max(seconds, 0) / SECONDS_PER_HOUR, uptime))
    return list(projects.values())
