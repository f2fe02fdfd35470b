"""The unmodified `openstack` command."""

import json
import subprocess
from pathlib import Path
from typing import Any

from launcher import environment


class CommandFailed(AssertionError):
    """The command ended with an error; its words are in the message."""


class OpenStack:
    """`openstack` as one user of one cloud. Calling it runs a command and returns what it printed."""

    def __init__(self, config: Path, cloud: str):
        self._variables = {**environment.variables(), "OS_CLIENT_CONFIG_FILE": str(config), "OS_CLOUD": cloud}

    def __call__(self, *words: str, timeout: float = 300) -> str:
        """Run ``openstack WORDS``; raises CommandFailed."""
        answer = self.attempt(*words, timeout=timeout)
        if answer.returncode:
            raise CommandFailed(f"openstack {' '.join(words)}: {answer.stderr.strip()}")
        return answer.stdout

    def attempt(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run ``openstack WORDS`` and return how it ended."""
        command = [str(environment.program("openstack")), *words]
        return subprocess.run(
            command, env=self._variables, capture_output=True, text=True, timeout=timeout, check=False
        )

    def show(self, *words: str) -> dict[str, Any]:
        """Run a command that shows one resource."""
        return json.loads(self(*words, "-f", "json"))

    def list(self, *words: str) -> list[dict[str, Any]]:
        """Run a command that lists resources."""
        return json.loads(self(*words, "-f", "json"))


def remove_security_groups(admin: OpenStack, member: OpenStack) -> None:
    """Remove the groups of the member's project, the default one as well, which comes with its first port and stays."""
    project = member.show("token", "issue")["project_id"]
    for group in admin.list("security", "group", "list", "--project", project):
        admin("security", "group", "delete", group["ID"])
