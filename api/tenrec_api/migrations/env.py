"""Run by Alembic: either on the connection that `tenrec-manage` opened, or on the configured database (``alembic``
itself).
"""

from alembic import context

from tenrec_api import config
from tenrec_api.database import make_engine
from tenrec_api.models import metadata


def run(connection) -> None:
    """Bring the tables behind `connection` to the wanted step."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with make_engine(config.load().database).connect() as opened:
        run(opened)
