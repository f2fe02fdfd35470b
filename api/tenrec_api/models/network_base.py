"""What every row of the network API has: owner, name, description, tags and a revision."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tenrec_api.models.base import Identified, Name, Timestamped

ProjectId = String(64)


class Dated(Timestamped):
    """Mixin: the network API always says when a row changed, and means its making when it never did."""

    @property
    def changed_at(self) -> datetime:
        """When the row last changed (UTC)."""
        return self.updated_at or self.created_at


class NetworkRow(Identified, Dated):
    """Mixin of all nouns of the network API.

    `revision_number` counts the changes that were asked for: ``If-Match`` refuses a change that is based on an old
    look. `deleting` hides a row whose deletion was accepted: it is there only until its playbook has run.
    """

    # Empty for what belongs to the cloud itself: gateway ports and the ports of floating IPs.
    project_id: Mapped[str] = mapped_column(ProjectId, default="", index=True)
    name: Mapped[str] = mapped_column(Name, default="")
    description: Mapped[str] = mapped_column(String(255), default="")
    tags: Mapped[list] = mapped_column(default=list)
    revision_number: Mapped[int] = mapped_column(default=0)
    deleting: Mapped[bool] = mapped_column(default=False)
