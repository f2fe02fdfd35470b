"""``tenrec-manage compute``: what an operator does to a compute node as a whole. Every command may be run again."""

import argparse
import json
import sys
import time

from sqlalchemy.orm import Session

from tenrec_api import config
from tenrec_api.database import make_engine, make_sessions
from tenrec_api.exceptions import TenrecError
from tenrec_api.services.compute import evacuation, nodes
from tenrec_api.services.doorbell import Doorbell


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of ``tenrec-manage``."""
    verbs = commands.add_parser("compute", help="compute nodes as a whole").add_subparsers(dest="verb", required=True)
    verbs.add_parser("sync", help="take up the configured nodes")
    show = verbs.add_parser("show", help="a node and its servers, as JSON")
    disable = verbs.add_parser("disable", help="let it take no new servers")
    disable.add_argument("--reason", default="drained", help="shown by `openstack compute service list`")
    move = verbs.add_parser("move", help="move a server to another node, and wait until it is there")
    move.add_argument("server", help="id of a server that is shut off")
    move.add_argument("--restart", action="store_true", help="if it runs: stop it, move it, start it again")
    remove = verbs.add_parser("remove", help="forget a node that has no servers")
    remove.add_argument(
        "--lose-servers", action="store_true", help="delete the servers of a node that does not answer any more"
    )
    for verb in (show, disable, remove):
        verb.add_argument("name", help="its name in the inventory")
    for verb in (disable, move, remove):
        verb.add_argument("--check", action="store_true", help="change nothing, only say what would be done")


def run(settings: config.Config, options: argparse.Namespace) -> int:
    """Do it. Prints ``changed`` or ``unchanged`` as the last word, but ``show`` JSON; exit status 1 when refused."""
    sessions = make_sessions(make_engine(settings.database), settings=settings)
    Doorbell(settings.broker).attach(sessions)
    try:
        with sessions() as session:
            return globals()[f"_{options.verb}"](session, settings, options)
    except TenrecError as error:
        print(f"tenrec-manage: {error.message}", file=sys.stderr)
        return 1


def _sync(session: Session, settings: config.Config, _options: argparse.Namespace) -> int:
    changed = nodes.sync(session, settings.compute_nodes)
    session.commit()
    return _say(changed)


def _show(session: Session, _settings: config.Config, options: argparse.Namespace) -> int:
    print(json.dumps(evacuation.describe(session, options.name)))
    return 0


def _disable(session: Session, _settings: config.Config, options: argparse.Namespace) -> int:
    if options.check:
        return _say(nodes.named(session, options.name).enabled)
    return _say(evacuation.disable(session, options.name, options.reason))


def _move(session: Session, _settings: config.Config, options: argparse.Namespace) -> int:
    if options.check:
        print(f"would go to {evacuation.choose(session, options.server)}")
        return _say(True)
    began = time.monotonic()
    moved = evacuation.move(session, options.server, options.restart)
    runs = " and runs again" if moved.runs else ""
    print(f"went from {moved.source} to {moved.target}{runs}, {time.monotonic() - began:.1f} s")
    return _say(True)


def _remove(session: Session, _settings: config.Config, options: argparse.Namespace) -> int:
    removed = evacuation.remove(session, options.name, options.lose_servers, options.check)
    return _say(removed)


def _say(changed: bool) -> int:
    print("changed" if changed else "unchanged")
    return 0
