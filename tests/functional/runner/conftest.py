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


def make_settings(folder: Path, **changes) -> Worker:
    """The settings of a worker whose files are all in `folder`."""
    inventory = folder / "inventory.yml"
    inventory.write_text(INVENTORY)
    ansible_config = folder / "ansible.cfg"
    ansible_config.write_text("[defaults]\n")
    values = {
        "inventory": str(inventory),
        "ansible_config": str(ansible_config),
        "collections_path": str(HERE / "collections"),
        "run_directory": str(folder / "run" / "runs"),
        "archive_directory": str(folder / "archive"),
        "archive_runs": 1,
    }
    return Worker(**{**values, **changes})


@pytest.fixture
def settings(tmp_path):
    return make_settings(tmp_path)


@pytest.fixture(params=["stock", "warm"])
def runner(request, tmp_path):
    runner = Runner(make_settings(tmp_path), collection="tenrec_test.fixture", grace_seconds=0)
    if request.param == "warm":
        runner.clean()
        runner.start()
        assert runner.wait_warm()
    yield runner
    runner.stop()
