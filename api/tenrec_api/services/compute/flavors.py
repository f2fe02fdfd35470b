"""Flavors: who sees which, and the administrator's changes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput, NotFound
from tenrec_api.models.base import new_id
from tenrec_api.models.flavor import Flavor, FlavorAccess
from tenrec_api.models.identity import Project
from tenrec_api.services.listing import page, sort_of

SORT_KEYS = {"flavorid": "id", "memory_mb": "ram_mib", "root_gb": "disk_gib"}


def _usable(context: Context) -> Select:
    query = select(Flavor)
    if context.is_admin:
        return query
    own = select(FlavorAccess.flavor_id).where(FlavorAccess.project_id == context.project_id)
    return query.where(or_(Flavor.is_public, Flavor.id.in_(own)))


def listing(session: Session, context: Context, arguments: Mapping[str, Any]) -> tuple[list[Flavor], bool]:
    """One page of the flavors that the caller may use, and whether there are more.

    `arguments`: limit, marker, sort_key, sort_dir, min_ram_mib, min_disk_gib; for administrators is_public (None: all).
    """
    query = _usable(context)
    if context.is_admin and arguments.get("is_public", True) is not None:
        query = query.where(Flavor.is_public == arguments.get("is_public", True))
    if arguments.get("min_ram_mib"):
        query = query.where(Flavor.ram_mib >= arguments["min_ram_mib"])
    if arguments.get("min_disk_gib"):
        query = query.where(Flavor.disk_gib >= arguments["min_disk_gib"])
    sort = [(SORT_KEYS.get(key, key), way) for key, way in sort_of(arguments, "id", "asc")]
    return page(session, query, Flavor, limit=arguments.get("limit"), marker=arguments.get("marker"), sort=sort)


def find(session: Session, context: Context, flavor_id: str) -> Flavor:
    """The flavor if the caller may use it; raises NotFound."""
    flavor = session.scalars(_usable(context).where(Flavor.id == flavor_id)).first()
    if flavor is None:
        raise NotFound(f"Flavor {flavor_id[:80]} could not be found.")
    return flavor


def create(session: Session, wanted: Mapping[str, Any]) -> Flavor:
    """Add a flavor; commits. Raises Conflict when its id or name is taken."""
    values = dict(wanted)
    if values.get("id") in (None, "", "auto"):
        values["id"] = new_id()
    for column in ("id", "name"):
        if session.scalars(select(Flavor.id).where(getattr(Flavor, column) == values[column])).first() is not None:
            raise Conflict(f"Flavor with {'ID' if column == 'id' else 'name'} {values[column]} already exists.")
    flavor = Flavor(**values)
    session.add(flavor)
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict(f"Flavor with ID {values['id']} or name {values['name']} already exists.") from error
    return flavor


def delete(session: Session, context: Context, flavor_id: str) -> None:
    """Remove a flavor; servers made of it keep their copy. Commits; raises NotFound."""
    session.delete(find(session, context, flavor_id))
    session.commit()


def set_extra_specs(session: Session, context: Context, flavor_id: str, specs: Mapping[str, str]) -> Flavor:
    """Add or replace extra specs; commits."""
    flavor = find(session, context, flavor_id)
    flavor.extra_specs = {**flavor.extra_specs, **specs}
    session.commit()
    return flavor


def extra_spec(flavor: Flavor, key: str) -> str:
    """The value of one extra spec; raises NotFound."""
    if key not in flavor.extra_specs:
        raise NotFound(f"Flavor {flavor.id} has no extra specs with key {key[:80]}.")
    return flavor.extra_specs[key]


def delete_extra_spec(session: Session, context: Context, flavor_id: str, key: str) -> None:
    """Remove one extra spec; commits. Raises NotFound."""
    flavor = find(session, context, flavor_id)
    extra_spec(flavor, key)
    flavor.extra_specs = {name: value for name, value in flavor.extra_specs.items() if name != key}
    session.commit()


def access(session: Session, context: Context, flavor_id: str) -> list[FlavorAccess]:
    """The projects that may use a flavor which is not public.

    Raises NotFound for a public one, as the reference does.
    """
    flavor = find(session, context, flavor_id)
    if flavor.is_public:
        raise NotFound("Access list not available for public flavors.")
    return sorted(flavor.access, key=lambda row: row.project_id)


def change_access(
    session: Session, context: Context, flavor_id: str, project_id: str, allowed: bool
) -> list[FlavorAccess]:
    """Let a project use the flavor, or no longer; commits. Raises Conflict when it may (or may not) already."""
    flavor = find(session, context, flavor_id)
    if flavor.is_public:
        raise Conflict("Can not add or remove access of a public flavor.")
    if allowed and session.get(Project, project_id) is None:
        raise InvalidInput(f"Project ID {project_id[:80]} is not a valid project.")
    row = session.get(FlavorAccess, (flavor.id, project_id))
    if allowed and row is not None:
        raise Conflict(f"Flavor access already exists for flavor {flavor.id} and project {project_id} combination.")
    if not allowed and row is None:
        raise NotFound(f"Flavor access not found for {flavor.id} / {project_id[:80]} combination.")
    if allowed:
        flavor.access.append(FlavorAccess(project_id=project_id))
    else:
        flavor.access.remove(row)
    session.commit()
    return sorted(flavor.access, key=lambda each: each.project_id)
