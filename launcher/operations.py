"""`./tenrec operation …`: what the worker does, did and will do. Runs in the virtual environment, as administrator."""

import argparse
import json
import sys

import openstack
from keystoneauth1.exceptions import ClientException

_COLUMNS = ("sequence", "id", "kind", "status", "resource_id", "attempts", "created_at", "failed_task")


def main() -> int:
    """Print the answer of the operations API; exit code 1 when it refuses."""
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
    listing.add_argument("--limit", type=int, default=30, help="at most so many (default: 30)")
    listing.set_defaults(run=_list)
    for name, run, text in (
        ("show", _show, "show all that is known of an operation"),
        ("cancel", _cancel, "cancel an operation that is queued or running"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("id")
        verb.set_defaults(run=run)
    return parser


def _list(session, root: str, options: argparse.Namespace) -> int:
    asked = {key: getattr(options, key) for key in ("status", "kind", "limit") if getattr(options, key) is not None}
    rows = [_COLUMNS]
    for operation in session.get(root, params=asked).json()["operations"]:
        rows.append(tuple(str(operation[column]) if operation[column] is not None else "" for column in _COLUMNS))
    widths = [max(len(row[place]) for row in rows) for place in range(len(_COLUMNS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _show(session, root: str, options: argparse.Namespace) -> int:
    print(json.dumps(session.get(f"{root}/{options.id}").json()["operation"], indent=2))
    return 0


def _cancel(session, root: str, options: argparse.Namespace) -> int:
    print(session.post(f"{root}/{options.id}/cancel").json()["operation"]["status"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
