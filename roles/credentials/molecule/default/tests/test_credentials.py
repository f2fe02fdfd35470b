"""What the deployment finds on its own machine."""

import os
import stat
from pathlib import Path

FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "credentials"
NAMES = {"rabbitmq", "admin", "demo"}


def test_each_service_has_a_password_of_its_own():
    passwords = {name: (FOLDER / name).read_text().strip() for name in NAMES}
    assert len(set(passwords.values())) == len(NAMES)
    assert all(len(password) == 32 and password.isalnum() for password in passwords.values())


def test_only_the_owner_may_read():
    assert stat.S_IMODE(FOLDER.stat().st_mode) == 0o700
    assert {stat.S_IMODE((FOLDER / name).stat().st_mode) for name in NAMES} == {0o600}


def test_nothing_reached_the_host(host):
    password = (FOLDER / "admin").read_text().strip()
    assert host.run("grep -rqsF %s /etc /root /tmp", password).rc == 1
