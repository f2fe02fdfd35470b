"""`./tenrec operation …`: what the worker does, did and will do. Runs in the virtual environment, as administrator."""

import argparse
import json
import shlex
import subprocess
import sys
from urllib.parse import urlsplit

import openstack
from keystoneauth1.exceptions import ClientException

from launcher import ssh

_COLUMNS = ("sequence", "id", "kind", "status", "resource_id", "attempts", "created_at", "failed_task")
_EVENTS = ("start", "seconds", "host", "status", "task", "message")


def main() -> int:
    """Print the answer of the operations API; exit code 1 when it refuses. A replay exits as ansible-playbook does."""
    options = _parser().parse_args()
    cloud = openstack.connect(cloud="tenrec-admin")
    root = cloud.config.get_auth_args()["auth_url"].partition("/identity")[0] + "/tenrec/v1/operations"
    try:
        return options.run(cloud.session, root, options)
    except ClientException as error:
        print(f"tenrec: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenrec operation", description="Playbook runs of tenants' requests.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="list operations, latest first")
    listing.add_argument("--status", help="queued, running, succeeded, failed or cancelled")
    listing.add_argument("--kind", help="only those of this playbook")
    listing.add_argument("--resource-id", help="only those of this server, port, volume …")
    listing.add_argument("--project-id", help="only those of this project")
    listing.add_argument("--since", help="only those asked for at this time (UTC) or later: 2026-01-31T12:00:00")
    listing.add_argument("--limit", type=int, default=30, help="at most so many (default: 30)")
    listing.set_defaults(run=_list)
    for name, run, text in (
        ("show", _show, "show all that is known of an operation"),
        ("events", _events, "show what its playbook runs did: each task, where, how long, how it ended"),
        ("cancel", _cancel, "cancel an operation that is queued or running"),
        ("retry", _retry, "queue the work of a failed operation once more, and print the new operation's id"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("id")
        verb.set_defaults(run=run)
    replay = verbs.add_parser("replay", help="repeat its last run on the controller with ansible-playbook")
    replay.add_argument("id", help="of an operation, or of one of its runs (events shows them)")
    replay.add_argument("--check", action="store_true", help="change nothing, only show what would be changed")
    replay.set_defaults(run=_replay)
    return parser


def _list(session, root: str, options: argparse.Namespace) -> int:
    filters = ("status", "kind", "resource_id", "project_id", "since", "limit")
    asked = {key: getattr(options, key) for key in filters if getattr(options, key) is not None}
    operations = session.get(root, params=asked).json()["operations"]
    _print_table([_COLUMNS, *([operation[column] for column in _COLUMNS] for operation in operations)])
    return 0


def _events(session, root: str, options: argparse.Namespace) -> int:
    for run in session.get(f"{root}/{options.id}/events").json()["runs"]:
        kind = f"{run['kind']} (check)" if run["check"] else run["kind"]
        print(f"{run['started_at']}  {kind} {run['status']} in {run['seconds']:.2f} s, run {run['id']}")
        _print_table([_EVENTS, *([event.get(column) for column in _EVENTS] for event in run["events"])], indent=2)
    return 0


def _print_table(rows: list, indent: int = 0) -> None:
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(" " * indent + line.rstrip())


def _cell(value) -> str:
    if value is None:
        return ""
    # A message may have lines and a tenant's own words: both stay in their cell, and off the terminal's controls.
    return f"{value:.3f}" if isinstance(value, float) else "".join(c if c.isprintable() else " " for c in str(value))


def _show(session, root: str, options: argparse.Namespace) -> int:
    print(json.dumps(session.get(f"{root}/{options.id}").json()["operation"], indent=2))
    return 0


def _cancel(session, root: str, options: argparse.Namespace) -> int:
    print(session.post(f"{root}/{options.id}/cancel").json()["operation"]["status"])
    return 0


def _retry(session, root: str, options: argparse.Namespace) -> int:
    print(session.post(f"{root}/{options.id}/retry").json()["operation"]["id"])
    return 0


def _replay(_session, root: str, options: argparse.Namespace) -> int:
    words = ["tenrec-manage", "operation", "replay", options.id, *(["--check"] if options.check else [])]
    # The cloud's address is the controller's.
    return subprocess.run(ssh.command(urlsplit(root).hostname, [shlex.join(words)]), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
