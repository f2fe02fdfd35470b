"""The declarative base: named constraints, portable column types, timestamps."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import JSON, MetaData, String
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime, Text

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Identifier = String(36)
Name = String(255)
LongText = Text().with_variant(LONGTEXT, "mysql", "mariadb")
Timestamp = DateTime().with_variant(DATETIME(fsp=6), "mysql", "mariadb")


def now() -> datetime:
    """The present in UTC, naive, as every column of this database holds it."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """A new random resource id: a UUID with dashes."""
    return str(uuid.uuid4())


class Base(DeclarativeBase):
    """Base of all models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dict: JSON, list: JSON, datetime: Timestamp}


class Identified:
    """Mixin: a UUID primary key."""

    id: Mapped[str] = mapped_column(Identifier, primary_key=True, default=new_id)


class Timestamped:
    """Mixin: when the row was made and last changed (UTC)."""

    created_at: Mapped[datetime] = mapped_column(Timestamp, default=now)
    updated_at: Mapped[datetime | None] = mapped_column(Timestamp, default=None, onupdate=now)
