"""A runner on this machine: the fixture collection, an inventory of local hosts, folders of the test's own."""

from pathlib import Path

import pytest

from tenrec_api.config import Worker
from tenrec_api.orchestration.runner import Runner

HERE = Path(__file__).parent

INVENTORY = """
all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  children:
    controller: {hosts: {alpha: {}}}
    compute: {hosts: {alpha: {}, beta: {}, gone: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}}}
    storage: {hosts: {beta: {}}}
"""


@pytest.fixture
def settings(tmp_path):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY)
    ansible_config = tmp_path / "ansible.cfg"
    ansible_config.write_text("[defaults]\n")
    return Worker(
        inventory=str(inventory),
        ansible_config=str(ansible_config),
        collections_path=str(HERE / "collections"),
        run_directory=str(tmp_path / "run" / "runs"),
        archive_directory=str(tmp_path / "archive"),
        archive_runs=1,
    )


@pytest.fixture
def runner(settings):
    return Runner(settings, collection="tenrec_test.fixture", grace_seconds=0)
