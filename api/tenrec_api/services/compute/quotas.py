"""Quotas of the compute API: their defaults, what a project has, and the check before more is given."""

from collections.abc import Mapping

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tenrec_api.exceptions import InvalidInput, QuotaExceeded
from tenrec_api.models.identity import Project
from tenrec_api.models.keypair import Keypair
from tenrec_api.models.quota import Quota
from tenrec_api.models.server import Server

SERVICE = "compute"
UNLIMITED = -1
# Names and values as Nova's defaults. What other services own (addresses, security groups) is not limited here; of what
# is not served yet (server groups, injected files) nothing may be had.
DEFAULTS = {
    "instances": 10,
    "cores": 20,
    "ram": 50 * 1024,
    "metadata_items": 128,
    "key_pairs": 100,
    "server_groups": 0,
    "server_group_members": 0,
    "injected_files": 0,
    "injected_file_content_bytes": 0,
    "injected_file_path_bytes": 0,
    "fixed_ips": UNLIMITED,
    "floating_ips": UNLIMITED,
    "security_groups": UNLIMITED,
    "security_group_rules": UNLIMITED,
}


def lock(session: Session, project_id: str) -> None:
    """Let the project's requests that count against a quota through one by one, until the transaction ends.

    To be called before the nodes are locked: the network's quotas lock the same row, and with two orders of locks two
    requests could wait for each other.
    """
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())


def limits(session: Session, project_id: str) -> dict[str, int]:
    """The project's limit of each resource."""
    query = select(Quota.resource, Quota.hard_limit).where(Quota.project_id == project_id, Quota.service == SERVICE)
    own = {resource: limit for resource, limit in session.execute(query) if resource in DEFAULTS}
    return DEFAULTS | own


def usage(session: Session, project_id: str) -> dict[str, int]:
    """What the project has of each resource that is counted."""
    count, cores, ram = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Server.vcpus), 0),
            func.coalesce(func.sum(Server.memory_mib), 0),
        ).where(Server.project_id == project_id, Server.deleted_at.is_(None))
    ).one()
    return dict.fromkeys(DEFAULTS, 0) | {"instances": count, "cores": int(cores), "ram": int(ram)}


def check(session: Session, project_id: str, wanted: Mapping[str, int]) -> None:
    """Raise QuotaExceeded when `wanted` more would pass a limit.

    Hold a lock that serialises this (see `lock`).
    """
    limit, used = limits(session, project_id), usage(session, project_id)
    over = [name for name, more in wanted.items() if limit[name] != UNLIMITED and used[name] + more > limit[name]]
    if over:
        raise QuotaExceeded(
            f"Quota exceeded for {', '.join(over)}: Requested {', '.join(str(wanted[name]) for name in over)}, "
            f"but already used {', '.join(str(used[name]) for name in over)} "
            f"of {', '.join(str(limit[name]) for name in over)} {', '.join(over)}"
        )


def check_keypairs(session: Session, user_id: str, project_id: str | None) -> None:
    """Raise QuotaExceeded when the user may have no further keypair."""
    limit = limits(session, project_id)["key_pairs"] if project_id else DEFAULTS["key_pairs"]
    have = session.scalar(select(func.count()).select_from(Keypair).where(Keypair.user_id == user_id))
    if limit != UNLIMITED and have >= limit:
        raise QuotaExceeded(f"Quota exceeded, too many key pairs: {have} of {limit} are used.")


def update(session: Session, project_id: str, wanted: Mapping[str, int], force: bool = False) -> dict[str, int]:
    """Set limits and return all; commits. Raises InvalidInput for an unknown project, and below use unless `force`."""
    check_project(session, project_id)
    used = usage(session, project_id)
    for resource, limit in wanted.items():
        if not force and limit != UNLIMITED and limit < used[resource]:
            raise InvalidInput(
                f"Quota limit {limit} for {resource} must be greater than or equal to already used {used[resource]}."
            )
        key = (project_id, SERVICE, resource)
        row = session.get(Quota, key)
        if row is None:
            session.add(Quota(project_id=project_id, service=SERVICE, resource=resource, hard_limit=limit))
        else:
            row.hard_limit = limit
    session.commit()
    return limits(session, project_id)


def reset(session: Session, project_id: str) -> None:
    """Go back to the defaults; commits."""
    check_project(session, project_id)
    session.execute(delete(Quota).where(Quota.project_id == project_id, Quota.service == SERVICE))
    session.commit()


def check_project(session: Session, project_id: str) -> None:
    """Raise InvalidInput when there is no such project."""
    if session.get(Project, project_id) is None:
        raise InvalidInput(f"Project ID {project_id[:80]} is not a valid project.")
