"""`./tenrec reconcile`: compare the hosts with the database, and repair what can be repaired."""

import shlex

from launcher import ssh
from launcher.deployments import Deployment
from launcher.errors import LauncherError


def reconcile(cloud: Deployment, check: bool) -> None:
    """Become the command of that name on the controller: its table and its exit code are ours. Does not return.

    `check`: change nothing. Raises LauncherError when there is no such cloud.
    """
    if not cloud.clouds.exists():
        raise LauncherError("there is no cloud", "./tenrec up")
    controller = next(host for host in cloud.hosts() if "controller" in host.groups)
    words = ["tenrec-manage", "reconcile", *(["--check"] if check else [])]
    ssh.connect(controller.address, [shlex.join(words)])
