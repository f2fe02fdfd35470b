"""`clouds.yaml`: how OpenStack clients reach a cloud that was deployed."""

import json

from launcher import ssh
from launcher.commands import output
from launcher.deployments import ALLINONE, Deployment
from launcher.paths import write_private

AUTHORITY = ALLINONE.authority
REGION = "RegionOne"


def write(deployment: Deployment) -> bool:
    """Write clouds.yaml (0600) for a cloud, and its certificate authority beside it.

    `tenrec` is a member of project `demo`, `tenrec-admin` the administrator.

    :return: whether anything changed
    """
    address = deployment.hosts()[0].address
    authority = output(ssh.command(address, ["cat", "/etc/tenrec/tls/ca.pem"])) + "\n"
    changed = write_private(deployment.authority, authority)
    clouds = {
        "tenrec": _cloud(deployment, address, username="tenrec", kept_in="demo", project="demo"),
        "tenrec-admin": _cloud(deployment, address, username="tenrec-admin", kept_in="admin", project="admin"),
    }
    # JSON is YAML, and needs no library to be written.
    return write_private(deployment.clouds, json.dumps({"clouds": clouds}, indent=2) + "\n") or changed


def variables(deployment: Deployment = ALLINONE) -> dict[str, str]:
    """Environment variables that point OpenStack clients at this cloud and at no other."""
    return {"OS_CLIENT_CONFIG_FILE": str(deployment.clouds), "OS_CLOUD": "tenrec"}


def _cloud(deployment: Deployment, address: str, *, username: str, kept_in: str, project: str) -> dict:
    """:param kept_in: the name of the file that holds it, below the deployment's credentials"""
    return {
        "auth_type": "password",
        "auth": {
            "auth_url": f"https://{address}/identity/v3",
            "username": username,
            "password": (deployment.credentials / kept_in).read_text().strip(),
            "project_name": project,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
        "region_name": REGION,
        "identity_api_version": 3,
        "cacert": str(deployment.authority),
    }
