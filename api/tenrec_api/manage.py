"""``tenrec-manage``: what an operator or a role does to the database and the keys. Every command may be run again."""

import argparse
import signal
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tenrec_api import config, manage_compute
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.exceptions import TenrecError
from tenrec_api.orchestration.replay import replay
from tenrec_api.orchestration.workflows import discover
from tenrec_api.services.doorbell import Doorbell
from tenrec_api.services.drift import rounds
from tenrec_api.services.identity import bootstrap
from tenrec_api.services.identity.tokens import TokenStore, make_key


def main(arguments: list[str] | None = None) -> int:
    """Entry point. Prints ``changed`` or ``unchanged`` as the last word; exit status 0, or 3 from ``db check`` when
    behind. ``operation replay`` says what Ansible says, and exits as it does. ``reconcile`` prints a table and exits 1
    while something remains.
    """
    parser = argparse.ArgumentParser(prog="tenrec-manage", description=__doc__)
    parser.add_argument("--config", help="configuration file (default: $TENREC_CONFIG or /etc/tenrec/api.toml)")
    commands = parser.add_subparsers(dest="command", required=True)
    db = commands.add_parser("db", help="the database's tables")
    db.add_argument(
        "action", choices=["upgrade", "check"], help="upgrade: to this version; check: exit 3 if not there yet"
    )
    commands.add_parser("fernet-key", help="make the first key for tokens, if there is none")
    first = commands.add_parser("bootstrap", help="roles, the admin, a first project and its member, the catalog")
    first.add_argument("--admin-password-file", type=Path, required=True, metavar="FILE")
    first.add_argument(
        "--member-password-file", type=Path, required=True, metavar="FILE", help="of user tenrec in project demo"
    )
    first.add_argument("--check", action="store_true", help="change nothing, only say whether something would")
    operation = commands.add_parser("operation", help="playbook runs of tenants' requests")
    verbs = operation.add_subparsers(dest="verb", required=True)
    again = verbs.add_parser("replay", help="repeat a kept run with ansible-playbook, and exit as that does")
    again.add_argument("id", help="of an operation, for its last run, or of a run")
    again.add_argument("--check", action="store_true", help="change nothing, only show what would be changed")
    reconcile = commands.add_parser(
        "reconcile", help="set right what is missing or changed on the hosts; exit 1 when something remains"
    )
    reconcile.add_argument("--check", action="store_true", help="change nothing, only say what differs")
    manage_compute.add(commands)
    options = parser.parse_args(arguments)
    settings = config.load(options.config)
    if options.command == "db":
        return _database(settings, options.action)
    if options.command == "fernet-key":
        return _say(make_key(Path(settings.identity.fernet_key_directory)))
    if options.command == "operation":
        return _replay(settings, options.id, options.check)
    if options.command == "reconcile":
        return _reconcile(settings, options.check)
    if options.command == "compute":
        return manage_compute.run(settings, options)
    with make_sessions(make_engine(settings.database))() as session:
        changed = bootstrap.bootstrap(
            session,
            settings,
            admin_password=options.admin_password_file.read_text().strip(),
            member_password=options.member_password_file.read_text().strip(),
        )
        if options.check:
            session.rollback()
        else:
            session.commit()
            if changed:
                TokenStore(settings.identity, settings.cache).cache.forget_all()
    return _say(changed)


def _database(settings: config.Config, action: str) -> int:
    engine = make_engine(settings.database)
    alembic = AlembicConfig()
    alembic.set_main_option("script_location", "tenrec_api:migrations")
    with engine.begin() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory.from_config(alembic).get_current_head()
        if action == "upgrade" and at != head:
            alembic.attributes["connection"] = connection
            command.upgrade(alembic, "head")
    _say(at != head)
    return 3 if action == "check" and at != head else 0


def _replay(settings: config.Config, identity: str, check: bool) -> int:
    token_store = TokenStore(settings.identity, settings.cache)
    sessions = make_sessions(make_engine(settings.database), settings=settings, token_store=token_store)
    workflows, _periodics = discover()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that nothing is left behind.
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    try:
        return replay(settings.worker, sessions, workflows, identity, check, lambda line: print(line, flush=True))
    except TenrecError as error:
        print(f"tenrec-manage: {error.message}", file=sys.stderr)
        return 1


def _reconcile(settings: config.Config, check: bool) -> int:
    sessions = make_sessions(make_engine(settings.database), settings=settings)
    Doorbell(settings.broker).attach(sessions)
    try:
        return 0 if rounds.reconcile(sessions, not check, lambda line: print(line, flush=True)) else 1
    except TenrecError as error:
        print(f"tenrec-manage: {error.message}", file=sys.stderr)
        return 1


def _say(changed: bool) -> int:
    print("changed" if changed else "unchanged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
