"""Routers. Their interfaces and their gateway are ports whose `device_id` is the router's id."""

from sqlalchemy import ForeignKey, String, and_
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from tenrec_api import lifecycle
from tenrec_api.models.base import Base
from tenrec_api.models.network_base import NetworkRow
from tenrec_api.models.port import ROUTER_GATEWAY, Port


class Router(NetworkRow, Base):
    """A router. `routes` is a list of ``{destination, nexthop}``."""

    __tablename__ = "routers"

    admin_state_up: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(16), default="BUILD")
    external_network_id: Mapped[str | None] = mapped_column(ForeignKey("networks.id"), index=True)
    enable_snat: Mapped[bool] = mapped_column(default=True)
    routes: Mapped[list] = mapped_column(default=list)

    gateway_ports: Mapped[list[Port]] = relationship(
        primaryjoin=lambda: and_(foreign(Port.device_id) == Router.id, Port.device_owner == ROUTER_GATEWAY),
        viewonly=True,
        lazy="selectin",
    )

    @property
    def gateway_port(self) -> Port | None:
        """The port on the external network, None without a gateway."""
        return self.gateway_ports[0] if self.gateway_ports else None

    def enter(self, status: str) -> None:
        """Go to `status`; raises lifecycle.IllegalTransition when the table has no such step."""
        self.status = lifecycle.NETWORK.step(self.status, status)
