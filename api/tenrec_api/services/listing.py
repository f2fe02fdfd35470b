"""Pages and sorting of lists: `limit`, `marker`, `sort_key`, `sort_dir`, the same for every noun."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import Session

from tenrec_api.exceptions import InvalidInput
from tenrec_api.models.base import Base

MAX_LIMIT = 1000


def page(
    session: Session,
    query: Select,
    model: type[Base],
    *,
    limit: int | None = None,
    marker: str | None = None,
    sort: Sequence[tuple[str, str]] = (("created_at", "desc"),),
    maximum: int = MAX_LIMIT,
) -> tuple[list[Any], bool]:
    """One page of `query` and whether there are more rows after it.

    `sort` is a list of (column, "asc" | "desc"); the id makes the order total. Raises InvalidInput for an unknown
    column or direction, and for a `marker` that is not among the rows that `query` may see.
    """
    columns = []
    for key, direction in (*sort, ("id", sort[-1][1] if sort else "asc")):
        column = getattr(model, key, None)
        if key not in model.__table__.columns or column is None:
            raise InvalidInput(
                f"'{key[:60]}' is not a key to sort by; valid: {', '.join(sorted(model.__table__.columns.keys()))}."
            )
        if direction not in ("asc", "desc"):
            raise InvalidInput(f"'{direction[:60]}' is not a direction to sort in; valid: asc, desc.")
        columns.append((column, direction))
    if marker is not None:
        last = session.scalars(query.where(model.id == marker)).first()
        if last is None:
            raise InvalidInput(f"The marker {marker[:80]} could not be found.")
        query = query.where(_after(columns, last))
    size = min(limit if limit is not None else maximum, maximum)
    ordered = query.order_by(*(column.asc() if way == "asc" else column.desc() for column, way in columns))
    rows = list(session.scalars(ordered.limit(size + 1)).unique())
    return rows[:size], len(rows) > size


def _after(columns: list, last: Base):
    """Rows that come after `last` in the order: NULLs sort first when ascending, as MariaDB and SQLite both do."""
    alternatives, equal = [], []
    for column, way in columns:
        value = getattr(last, column.key)
        if value is None:
            beyond = column.is_not(None) if way == "asc" else None
        else:
            beyond = column > value if way == "asc" else or_(column < value, column.is_(None))
        if beyond is not None:
            alternatives.append(and_(*equal, beyond))
        equal.append(column.is_(None) if value is None else column == value)
    return or_(*alternatives) if alternatives else column.is_(None) & column.is_not(None)


def sort_of(
    arguments: Mapping[str, Any], default: str = "created_at", direction: str = "desc"
) -> list[tuple[str, str]]:
    """The order asked for in a query string: ``sort_key``/``sort_dir`` once, with commas, or as lists."""
    keys = _split(arguments.get("sort_key")) or [default]
    ways = _split(arguments.get("sort_dir")) or [direction]
    ways += [ways[-1]] * (len(keys) - len(ways))
    return list(zip(keys, ways, strict=False))


def _split(value: str | list[str] | None) -> list[str]:
    values = [value] if isinstance(value, str) else value or []
    return [part.strip() for item in values for part in item.split(",") if part.strip()]
