"""`.tenrec/clouds.yaml`: how OpenStack clients reach the cloud that was deployed."""

import json

from launcher import ssh
from launcher.commands import output
from launcher.nodes import Node
from launcher.paths import CLOUDS, STATE, write_private

AUTHORITY = STATE / "ca.pem"
CREDENTIALS = STATE / "credentials" / "allinone"
REGION = "RegionOne"


def write(node: Node) -> bool:
    """Write clouds.yaml (0600) for the cloud on that node, and its certificate authority beside it.

    `tenrec` is a member of project `demo`, `tenrec-admin` the administrator.

    :return: whether anything changed
    """
    authority = output(ssh.command(node.address, ["cat", "/etc/tenrec/tls/ca.pem"])) + "\n"
    changed = write_private(AUTHORITY, authority)
    clouds = {
        "tenrec": _cloud(node, username="tenrec", kept_in="demo", project="demo"),
        "tenrec-admin": _cloud(node, username="tenrec-admin", kept_in="admin", project="admin"),
    }
    # JSON is YAML, and needs no library to be written.
    return write_private(CLOUDS, json.dumps({"clouds": clouds}, indent=2) + "\n") or changed


def variables() -> dict[str, str]:
    """Environment variables that point OpenStack clients at this cloud and at no other."""
    return {"OS_CLIENT_CONFIG_FILE": str(CLOUDS), "OS_CLOUD": "tenrec"}


def _cloud(node: Node, *, username: str, kept_in: str, project: str) -> dict:
    """:param kept_in: the name of the file that holds it, below the deployment's credentials"""
    return {
        "auth_type": "password",
        "auth": {
            "auth_url": f"https://{node.address}/identity/v3",
            "username": username,
            "password": (CREDENTIALS / kept_in).read_text().strip(),
            "project_name": project,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
        "region_name": REGION,
        "identity_api_version": 3,
        "cacert": str(AUTHORITY),
    }
