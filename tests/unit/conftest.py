"""The application on SQLite, and callers of it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api import config
from tenrec_api.app import create_app
from tenrec_api.models import metadata
from tenrec_api.models.identity import Domain, Project, Role, RoleAssignment, User
from tenrec_api.models.operation import Operation
from tenrec_api.services.identity.bootstrap import bootstrap
from tenrec_api.services.identity.passwords import hash_password
from tenrec_api.services.identity.tokens import make_key

PASSWORDS = {"tenrec-admin": "admin password", "tenrec": "member password", "other": "other password"}


class Caller:
    """A user with a token: every request carries it. `send` returns Flask's response."""

    def __init__(self, http: FlaskClient, user: str, project: str):
        self.http = http
        answer = http.post(
            "/identity/v3/auth/tokens",
            json={
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {"user": {"name": user, "domain": {"id": "default"}, "password": PASSWORDS[user]}},
                    },
                    "scope": {"project": {"name": project, "domain": {"id": "default"}}},
                }
            },
        )
        assert answer.status_code == 201, answer.get_data(as_text=True)
        self.token = answer.headers["X-Subject-Token"]
        self.user_id = answer.json["token"]["user"]["id"]
        self.project_id = answer.json["token"]["project"]["id"]

    def send(self, method: str, path: str, headers=None, **options):
        """One request; `options` are those of Flask's test client (json, data, query_string …)."""
        return self.http.open(path, method=method, headers={"X-Auth-Token": self.token, **(headers or {})}, **options)

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, **options):
        return self.send("POST", path, **options)

    def put(self, path, **options):
        return self.send("PUT", path, **options)

    def patch(self, path, **options):
        return self.send("PATCH", path, **options)

    def delete(self, path, **options):
        return self.send("DELETE", path, **options)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> config.Config:
    """A configuration with one compute node, no broker and no cache."""
    folder = tmp_path_factory.mktemp("cloud")
    (folder / "images").mkdir()
    return config.from_document(
        {
            "api": {"public_url": "https://cloud.test"},
            "identity": {"fernet_key_directory": str(folder / "keys")},
            "images": {"directory": str(folder / "images")},
            "compute_nodes": [{"name": "node1", "vcpus": 4, "memory_mib": 8192, "disk_gib": 100}],
            "storage_node": "node1",
        }
    )


@pytest.fixture(scope="session")
def built(settings: config.Config) -> tuple[Flask, sqlite3.Connection]:
    """The application, and a copy of its database as it is before every test: tables, first users, a second project."""
    make_key(Path(settings.identity.fernet_key_directory))
    app = create_app(settings)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.extensions["tenrec"].sessions() as session:
        metadata.create_all(session.get_bind())
        bootstrap(session, settings, admin_password=PASSWORDS["tenrec-admin"], member_password=PASSWORDS["tenrec"])
        _add_other(session)
        session.commit()
    pristine = sqlite3.connect(":memory:", check_same_thread=False)
    _connection(app).backup(pristine)
    return app, pristine


@pytest.fixture
def app(built: tuple[Flask, sqlite3.Connection]) -> Flask:
    """The application with its first rows and no others."""
    app, pristine = built
    pristine.backup(_connection(app))
    return app


def _connection(app: Flask) -> sqlite3.Connection:
    """The one connection of the application's database in memory."""
    engine = app.extensions["tenrec"].sessions().get_bind()
    with engine.connect() as connection:
        return connection.connection.driver_connection


def _add_other(session: Session) -> None:
    domain = session.get(Domain, "default")
    project = Project(name="other", domain_id=domain.id, parent_id=domain.id)
    user = User(name="other", domain_id=domain.id, password_hash=hash_password(PASSWORDS["other"]))
    session.add_all([project, user])
    session.flush()
    role = session.scalars(select(Role).where(Role.name == "member")).one()
    session.add(RoleAssignment(user_id=user.id, target_type="project", target_id=project.id, role_id=role.id))


@pytest.fixture
def passwords() -> dict[str, str]:
    """The passwords of the users by name."""
    return PASSWORDS


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    """A caller without a token."""
    return app.test_client()


@pytest.fixture
def client(app: Flask) -> Caller:
    """A member of the project `demo`."""
    return Caller(app.test_client(), "tenrec", "demo")


@pytest.fixture
def other(app: Flask) -> Caller:
    """A member of another project."""
    return Caller(app.test_client(), "other", "other")


@pytest.fixture
def admin(app: Flask) -> Caller:
    """The administrator."""
    return Caller(app.test_client(), "tenrec-admin", "admin")


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session of the test's own on the application's database."""
    with app.extensions["tenrec"].sessions() as session:
        yield session


@pytest.fixture
def operations(session: Session):
    """Call it for the operations that are queued, oldest first."""

    def queued() -> list[Operation]:
        session.expire_all()
        return list(session.scalars(select(Operation).where(Operation.status == "queued").order_by(Operation.sequence)))

    return queued
