"""Which rows a caller can see. Another project's row does not exist for it."""

from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import NotFound
from tenrec_api.models.base import Base

M = TypeVar("M", bound=Base)


def visible(context: Context, model: type[Base], all_projects: bool = False) -> Select:
    """A SELECT of `model` that holds only the caller's project's rows; an admin with `all_projects` gets all."""
    query = select(model)
    if all_projects and context.is_admin:
        return query
    return query.where(model.project_id == context.project_id)


def get_visible(
    session: Session, context: Context, model: type[M], resource_id: str, noun: str, lock: bool = False
) -> M:
    """The row `resource_id` if the caller may see it, else NotFound. `lock`: FOR UPDATE until the transaction ends."""
    query = select(model).where(model.id == resource_id)
    if not context.is_admin:
        query = query.where(model.project_id == context.project_id)
    row = session.scalars(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound(f"{noun} {resource_id[:80]} could not be found.")
    return row
