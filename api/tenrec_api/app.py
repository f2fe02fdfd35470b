"""The application factory. The steps stand in the order in which a request meets them."""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from tenrec_api import resources
from tenrec_api.config import Config
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.http import discovery, errors, lifecycle, openapi
from tenrec_api.http.project_paths import ProjectPaths
from tenrec_api.orchestration import rehearsals
from tenrec_api.services.doorbell import Doorbell
from tenrec_api.services.identity.tokens import TokenStore
from tenrec_api.services.rehearsals import SOCKET, Stage


@dataclass(frozen=True)
class Runtime:
    """What lives as long as the application: kept in ``app.extensions["tenrec"]``."""

    config: Config
    sessions: sessionmaker[Session]
    token_store: TokenStore
    stage: Stage


def create_app(config: Config) -> Flask:
    """Build the WSGI application for `config`."""
    app = Flask("tenrec_api", static_folder=None)
    app.json.sort_keys = False
    app.wsgi_app = ProjectPaths(app.wsgi_app)
    app.config.update(
        MAX_CONTENT_LENGTH=config.api.max_body_bytes,
        API_TITLE="Tenrec",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/tenrec",
        OPENAPI_JSON_PATH="openapi.json",
    )
    token_store = TokenStore(config.identity, config.cache)
    engine = make_engine(config.database)
    sessions = make_sessions(engine, settings=config, token_store=token_store)
    Doorbell(config.broker).attach(sessions)
    # Rehearsals ring nobody, and must not make others forget what is still so.
    rehearsed = make_sessions(engine, settings=config, token_store=token_store.uncached())
    stage = Stage(rehearsed, rehearsals.items(), Path(config.worker.run_directory) / SOCKET)
    app.extensions["tenrec"] = Runtime(config, sessions, token_store, stage)
    errors.register(app)
    lifecycle.register(app)
    discovery.register(app)
    openapi.register(app, resources.BLUEPRINTS)
    return app
