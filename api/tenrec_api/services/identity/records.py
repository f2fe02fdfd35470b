"""What all nouns of the identity API have in common: made, found, changed and deleted in the same way.

`Kind` says what is particular. Every change makes tokens be looked at anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tenrec_api.exceptions import Conflict, InvalidInput, NotFound
from tenrec_api.models.base import Base
from tenrec_api.services import listing


def _nothing(session: Session, row: Any) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """A noun: its model, by what its list may be filtered, and what must hold before a row is kept or deleted.

    `check(session, row)` and `before_delete(session, row)` raise a TenrecError; the latter may delete what depends on
    it.
    """

    noun: str
    model: type[Base]
    filters: tuple[str, ...] = ("name",)
    check: Callable[[Session, Any], None] = _nothing
    before_delete: Callable[[Session, Any], None] = _nothing
    sort: str = "name"


def create(session: Session, kind: Kind, attributes: Mapping[str, Any]) -> Any:
    """A new row; commits. Raises Conflict when it is there already."""
    row = kind.model(**attributes)
    with session.no_autoflush:
        kind.check(session, row)
    session.add(row)
    _commit(session, kind)
    return row


def find(session: Session, kind: Kind, filters: Mapping[str, Any]) -> list[Any]:
    """All rows that match `filters`, and ``name__contains`` where given."""
    query = select(kind.model)
    for name in kind.filters:
        if filters.get(name) is not None:
            query = query.where(getattr(kind.model, name) == filters[name])
    if filters.get("name__contains"):
        query = query.where(kind.model.name.contains(filters["name__contains"], autoescape=True))
    rows, _ = listing.page(session, query, kind.model, sort=[(kind.sort, "asc")], maximum=100_000)
    return rows


def show(session: Session, kind: Kind, row_id: str) -> Any:
    """The row; raises NotFound."""
    row = session.get(kind.model, row_id)
    if row is None:
        raise NotFound(f"Could not find {kind.noun}: {row_id[:80]}.")
    return row


def update(session: Session, kind: Kind, row_id: str, attributes: Mapping[str, Any]) -> Any:
    """Set `attributes`; what is in ``extra`` is added to what is there. Commits."""
    row = show(session, kind, row_id)
    given = dict(attributes)
    if "extra" in given:
        row.extra = {**row.extra, **given.pop("extra")}
    if given.get("domain_id", getattr(row, "domain_id", None)) != getattr(row, "domain_id", None):
        raise InvalidInput(f"The domain of a {kind.noun} cannot be changed.")
    for name, value in given.items():
        setattr(row, name, value)
    with session.no_autoflush:
        kind.check(session, row)
    _commit(session, kind)
    return row


def delete(session: Session, kind: Kind, row_id: str) -> None:
    """Delete the row; commits. Raises NotFound, and Conflict when something still depends on it."""
    row = show(session, kind, row_id)
    kind.before_delete(session, row)
    session.delete(row)
    _commit(session, kind)


def commit(session: Session) -> None:
    """Commit a change to who may do what, and make every token be looked at anew."""
    session.commit()
    session.info["token_store"].cache.forget_all()


def _commit(session: Session, kind: Kind) -> None:
    try:
        commit(session)
    except IntegrityError as error:
        session.rollback()
        raise Conflict(f"A {kind.noun} with that name exists already, or something still depends on it.") from error
