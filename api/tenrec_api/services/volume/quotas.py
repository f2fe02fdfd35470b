"""How much of block storage a project may have."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import QuotaExceeded
from tenrec_api.models.identity import Project
from tenrec_api.models.quota import Quota
from tenrec_api.models.volume import Volume

# -1: no limit. Snapshots, backups and groups are not served yet: none may be had.
DEFAULTS = {
    "volumes": 10,
    "gigabytes": 1000,
    "per_volume_gigabytes": -1,
    "snapshots": 0,
    "backups": 0,
    "backup_gigabytes": 0,
    "groups": 0,
}
SERVICE = "volume"


def limits(session: Session, project_id: str) -> dict[str, int]:
    """The project's limit of each resource; -1: none."""
    query = select(Quota.resource, Quota.hard_limit).where(Quota.project_id == project_id, Quota.service == SERVICE)
    return DEFAULTS | {resource: limit for resource, limit in session.execute(query) if resource in DEFAULTS}


def usage(session: Session, project_id: str) -> dict[str, int]:
    """What the project has now: the count of volumes and their GiB."""
    query = select(func.count(), func.coalesce(func.sum(Volume.size_gib), 0)).where(Volume.project_id == project_id)
    count, gigabytes = session.execute(query).one()
    return dict.fromkeys(DEFAULTS, 0) | {"volumes": count, "gigabytes": int(gigabytes)}


def check(session: Session, project_id: str, volumes: int, gigabytes: int) -> None:
    """Raise QuotaExceeded unless the project may have that much more. Requests of one project are let through one by
    one.
    """
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    allowed, used = limits(session, project_id), usage(session, project_id)
    if 0 <= allowed["per_volume_gigabytes"] < gigabytes:
        raise QuotaExceeded(f"A volume may have at most {allowed['per_volume_gigabytes']} GiB, not {gigabytes}.")
    for resource, more in (("volumes", volumes), ("gigabytes", gigabytes)):
        if 0 <= allowed[resource] < used[resource] + more:
            raise QuotaExceeded(
                f"Requested {resource} exceeds the allowed quota: {more} more asked for, "
                f"quota is {allowed[resource]}, used is {used[resource]}."
            )


def update(session: Session, project_id: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Set the project's limits of the named resources; commits and returns all limits."""
    for resource, limit in wanted.items():
        session.merge(Quota(project_id=project_id, service=SERVICE, resource=resource, hard_limit=limit))
    session.commit()
    return limits(session, project_id)


def reset(session: Session, project_id: str) -> None:
    """Give the project the default limits again; commits."""
    for row in session.scalars(select(Quota).where(Quota.project_id == project_id, Quota.service == SERVICE)):
        session.delete(row)
    session.commit()
