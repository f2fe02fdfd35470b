"""Security groups and their rules."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tenrec_api.models.base import Base, Identified
from tenrec_api.models.network_base import Dated, NetworkRow, ProjectId
from tenrec_api.models.subnet import Address


class SecurityGroup(NetworkRow, Base):
    """A security group. `default_of` is the project whose default group it is: each has only one."""

    __tablename__ = "security_groups"

    default_of: Mapped[str | None] = mapped_column(ProjectId, unique=True)

    rules: Mapped[list["SecurityGroupRule"]] = relationship(
        back_populates="security_group",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="SecurityGroupRule.created_at",
        foreign_keys="SecurityGroupRule.security_group_id",
        lazy="selectin",
    )


class SecurityGroupRule(Identified, Dated, Base):
    """A rule that allows traffic. None in `protocol`, ports or remote means any."""

    __tablename__ = "security_group_rules"

    project_id: Mapped[str] = mapped_column(ProjectId, index=True)
    security_group_id: Mapped[str] = mapped_column(ForeignKey("security_groups.id", ondelete="CASCADE"), index=True)
    description: Mapped[str] = mapped_column(String(255), default="")
    direction: Mapped[str] = mapped_column(String(8))
    ethertype: Mapped[str] = mapped_column(String(4))
    protocol: Mapped[str | None] = mapped_column(String(40))
    port_range_min: Mapped[int | None]
    port_range_max: Mapped[int | None]
    remote_ip_prefix: Mapped[str | None] = mapped_column(Address)
    remote_group_id: Mapped[str | None] = mapped_column(
        ForeignKey("security_groups.id", ondelete="CASCADE"), index=True
    )
    revision_number: Mapped[int] = mapped_column(default=0)

    security_group: Mapped[SecurityGroup] = relationship(back_populates="rules", foreign_keys=[security_group_id])
