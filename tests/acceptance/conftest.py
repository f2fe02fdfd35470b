"""The deployed all-in-one, as its users, its administrator and its operator meet it."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import clouds, nodes
from launcher.commands import run
from launcher.paths import CLOUDS
from tests.acceptance.client import OpenStack, remove_security_groups
from tests.acceptance.host import Host

PROJECT = "acceptance"


@pytest.fixture(scope="session")
def host() -> Host:
    """The all-in-one host, looked at from the inside."""
    return Host(nodes.find(nodes.ALLINONE))


@pytest.fixture(scope="session")
def admin() -> OpenStack:
    """The administrator's command line."""
    return OpenStack(CLOUDS, "tenrec-admin")


@pytest.fixture(scope="session")
def member(admin: OpenStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStack]:
    """The command line of a new member of a new project. Project and user go when the tests have ended."""
    password = secrets.token_hex(16)
    project = admin.show("project", "create", PROJECT)
    user = admin.show("user", "create", "--password", password, PROJECT)
    admin("role", "add", "--project", project["id"], "--user", user["id"], "member")
    document = json.loads(CLOUDS.read_text())
    entry = json.loads(json.dumps(document["clouds"]["tenrec"]))
    entry["auth"] |= {"username": PROJECT, "password": password, "project_name": PROJECT}
    file: Path = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"clouds": {PROJECT: entry}}))
    member = OpenStack(file, PROJECT)
    yield member
    remove_security_groups(admin, member)
    admin("user", "delete", user["id"])
    admin("project", "delete", project["id"])


@pytest.fixture(scope="session")
def public_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SSH key made for these tests: the path of its public half, beside the private one."""
    key = tmp_path_factory.mktemp("ssh") / "key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    return key.with_suffix(".pub")


@pytest.fixture(scope="session", autouse=True)
def _deployed() -> None:
    """Say what to do when there is no cloud, instead of failing in every test."""
    if not CLOUDS.exists():
        pytest.fail("there is no cloud to try; run ./tenrec up first")
    assert clouds.AUTHORITY.exists()
