"""The database engine and its sessions, for API and worker alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, StaticPool, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api.config import Database


def make_engine(database: Database) -> Engine:
    """An engine for `database.url`. SQLite gets one shared connection in memory, and foreign keys that are enforced."""
    if not database.url.startswith("sqlite"):
        # READ COMMITTED: a claim must see what others committed a moment ago, and gap locks would only cause deadlocks.
        return create_engine(
            database.url,
            pool_size=database.pool_size,
            max_overflow=database.pool_size,
            pool_recycle=1800,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
        )
    options = {"poolclass": StaticPool} if database.url in ("sqlite://", "sqlite:///:memory:") else {}
    engine = create_engine(database.url, connect_args={"check_same_thread": False}, **options)

    @event.listens_for(engine, "connect")
    def _enforce_foreign_keys(connection, _record):
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "savepoint")
    def _begin_first(connection, _name):
        # pysqlite begins a transaction only before a change. A savepoint without one is itself the transaction, and its
        # release would be the commit.
        if not connection.connection.driver_connection.in_transaction:
            connection.exec_driver_sql("BEGIN")

    return engine


def make_sessions(engine: Engine, **info: Any) -> sessionmaker[Session]:
    """A factory of sessions. Objects stay readable after a commit, so that an answer can be built from them.

    `info` is what services find in ``session.info``: ``settings`` (the Config) and ``token_store``.
    """
    return sessionmaker(engine, expire_on_commit=False, info=info)


@contextmanager
def remembering(session: Session) -> Iterator[None]:
    """Keep meanwhile all that the session loads: by itself it forgets what nobody holds, and asks again."""
    kept = []

    def keep(_session: Session, instance: Any) -> None:
        kept.append(instance)

    event.listen(session, "loaded_as_persistent", keep)
    try:
        yield
    finally:
        event.remove(session, "loaded_as_persistent", keep)
