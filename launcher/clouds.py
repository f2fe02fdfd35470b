"""`clouds.yaml`: how OpenStack clients reach a cloud that was deployed."""

import json
from pathlib import Path

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
    clouds = entries(address, deployment.credentials, deployment.authority)
    # JSON is YAML, and needs no library to be written.
    return write_private(deployment.clouds, json.dumps({"clouds": clouds}, indent=2) + "\n") or changed


def entries(address: str, credentials: Path, authority: Path) -> dict[str, dict]:
    """What stands in clouds.yaml under `clouds`.

    :param address: of the API
    :param credentials: the folder of the passwords that the deployment made
    :param authority: the file of its certificate authority
    """
    return {
        name: {
            "auth_type": "password",
            "auth": {
                "auth_url": f"https://{address}/identity/v3",
                "username": name,
                "password": (credentials / kept_in).read_text().strip(),
                "project_name": project,
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            "region_name": REGION,
            "identity_api_version": 3,
            "cacert": str(authority),
        }
        for name, kept_in, project in (("tenrec", "demo", "demo"), ("tenrec-admin", "admin", "admin"))
    }


def variables(deployment: Deployment = ALLINONE) -> dict[str, str]:
    """Environment variables that point OpenStack clients at this cloud and at no other."""
    return {"OS_CLIENT_CONFIG_FILE": str(deployment.clouds), "OS_CLOUD": "tenrec"}
