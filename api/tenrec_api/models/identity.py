"""Who there is: domains, projects, users, roles, what is assigned to whom, and the catalog's rows."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base, Identifier, Name, Timestamp, Timestamped


def identity_id() -> str:
    """A new id as the identity API gives them: a UUID without dashes."""
    return uuid.uuid4().hex


class IdentityRow:
    """Mixin: an id without dashes, and attributes of the caller's own in `extra`."""

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=identity_id)
    extra: Mapped[dict] = mapped_column(default=dict)


class Domain(IdentityRow, Timestamped, Base):
    """A namespace of projects and users."""

    __tablename__ = "domains"

    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    enabled: Mapped[bool] = mapped_column(default=True)


class Project(IdentityRow, Timestamped, Base):
    """What resources belong to."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("domain_id", "name"),)

    name: Mapped[str] = mapped_column(String(64))
    domain_id: Mapped[str] = mapped_column(ForeignKey("domains.id"))
    parent_id: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(Text, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    tags: Mapped[list] = mapped_column(default=list)


class User(IdentityRow, Timestamped, Base):
    """Who can get a token. `password_hash` is Argon2id's encoded form, None without a password."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("domain_id", "name"),)

    name: Mapped[str] = mapped_column(Name)
    domain_id: Mapped[str] = mapped_column(ForeignKey("domains.id"))
    default_project_id: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Name)
    enabled: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(Name)
    # Tokens that were issued before this moment are no longer valid (password changed, user disabled).
    tokens_valid_from: Mapped[datetime | None] = mapped_column(Timestamp)


class Role(IdentityRow, Timestamped, Base):
    """A name that policies know."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str | None] = mapped_column(Text)


class RoleAssignment(Base):
    """A user's role on a project, a domain or the system (`target_type`: project, domain, system)."""

    __tablename__ = "role_assignments"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    target_type: Mapped[str] = mapped_column(String(16), primary_key=True)
    target_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    role_id: Mapped[str] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True)


class Region(Base):
    """A region of the catalog."""

    __tablename__ = "regions"

    id: Mapped[str] = mapped_column(Name, primary_key=True, default=identity_id)
    description: Mapped[str] = mapped_column(Text, default="")
    parent_region_id: Mapped[str | None] = mapped_column(Name)


class Service(IdentityRow, Base):
    """A service of the catalog."""

    __tablename__ = "services"

    type: Mapped[str] = mapped_column(Name)
    name: Mapped[str | None] = mapped_column(Name)
    description: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)


class Endpoint(IdentityRow, Base):
    """Where one interface (public, internal, admin) of a service is in a region."""

    __tablename__ = "endpoints"

    service_id: Mapped[str] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    region_id: Mapped[str | None] = mapped_column(ForeignKey("regions.id"))
    interface: Mapped[str] = mapped_column(String(8))
    url: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)


class RevokedToken(Base):
    """A token that was given back before its time; the row may go once the token would have expired."""

    __tablename__ = "revoked_tokens"

    audit_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Timestamp, index=True)
