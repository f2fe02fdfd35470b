"""Where servers are being moved to"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:

    with op.batch_alter_table("servers") as servers:
        servers.add_column(sa.Column("target_id", sa.String(length=36), nullable=True))
        servers.create_foreign_key("fk_servers_target_id_compute_nodes", "compute_nodes", ["target_id"], ["id"])
        servers.create_index("ix_servers_target_id", ["target_id"])


def downgrade() -> None:

    with op.batch_alter_table("servers") as servers:
        servers.drop_constraint("fk_servers_target_id_compute_nodes", type_="foreignkey")
        servers.drop_index("ix_servers_target_id")
        servers.drop_column("target_id")
