"""Keypairs: a user's public SSH keys. The private half is never stored."""

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Base, Identified, Name, Timestamped


class Keypair(Identified, Timestamped, Base):
    """A public key in OpenSSH's form. Its name is unique for its user; other users do not see it."""

    __tablename__ = "keypairs"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    user_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Name)
    type: Mapped[str] = mapped_column(String(16), default="ssh")
    public_key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64))
