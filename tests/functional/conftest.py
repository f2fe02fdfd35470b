"""What functional tests share: the engines that a test run may have for itself, and real playbook runs against them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenrec_api.config import Worker
from tenrec_api.orchestration.runner import Runner
from tests.functional.private_ovn import PrivateOvn, Programs

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTIONS = REPOSITORY / "collections"


@pytest.fixture(scope="session")
def ovn_programs(request):
    """OVN's programs, unpacked where they are not installed; they stay in pytest's cache for the next run."""
    return Programs(Path(request.config.cache.mkdir("ovn")))


@pytest.fixture(scope="session")
def ovn_server(ovn_programs, tmp_path_factory):
    """One private OVN for the whole test run."""
    server = PrivateOvn(ovn_programs, tmp_path_factory.mktemp("ovn"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def ovn(ovn_server):
    """The private OVN without any rows."""
    ovn_server.clear()
    return ovn_server


class Playbooks:
    """Runs the collection's playbooks on this machine, in the groups of an all-in-one host."""

    def __init__(self, folder: Path, variables: dict):
        """Arguments: variables: of the host, for instance where the private engines listen."""
        self._folder = folder
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}
        groups = {group: {"hosts": {"node": {}}} for group in ("controller", "network", "compute", "storage")}
        inventory = {"all": {"hosts": {"node": host}, "children": groups}}
        (folder / "inventory.yml").write_text(json.dumps(inventory))
        (folder / "ansible.cfg").write_text("[defaults]\n")
        self._runner = Runner(
            Worker(
                inventory=str(folder / "inventory.yml"),
                ansible_config=str(folder / "ansible.cfg"),
                collections_path=str(COLLECTIONS),
                run_directory=str(folder / "runs"),
                archive_directory=str(folder / "archive"),
                archive_runs=1,
            )
        )

    def run(self, kind: str, items: list[dict], nodes: dict | None = None, deadline: int = 30):
        """Run a playbook as the worker does. Returns its RunResult."""
        return self._runner.run(kind, items, nodes or {"compute": "node", "storage": "node"}, deadline)

    def rehearse(self, kind: str, items: list[dict], nodes: dict | None = None, deadline: int = 30):
        """Run a playbook as a request's dry run does: it changes nothing and leaves no record."""
        chosen = nodes or {"compute": "node", "storage": "node"}
        return self._runner.run(kind, items, chosen, deadline, check=True, keep=False)

    @property
    def records(self) -> list[Path]:
        """What is kept of finished runs."""
        return list((self._folder / "archive").glob("*"))

    def check(self, kind: str, items: list[dict], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `ansible-playbook --check --diff` as an operator would. The items must hold nothing like a template."""
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                f"--inventory={self._folder / 'inventory.yml'}",
                f"--extra-vars={json.dumps({'items': items, 'nodes': {}, 'deadline': 30})}",
                "--check",
                "--diff",
                *arguments,
                f"tenrec.cloud.{kind}",
            ],
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_HOME": str(self._folder / "home"),
                "ANSIBLE_NOCOLOR": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def playbooks(tmp_path):
    """Make a `Playbooks` with variables of the test's own."""
    return lambda **variables: Playbooks(tmp_path, variables)


@pytest.fixture
def run_module(tmp_path):
    """Run a single module of the deployment on this machine, as Ansible would.

    Call it with a module's name and options, and `check=True` for check mode; it returns the module's result."""

    def run(name: str, /, check: bool = False, **options):
        result = {"content": "{{ result | to_json }}", "dest": str(tmp_path / "result.json")}
        tasks = [
            {f"tenrec.cloud.{name}": options, "register": "result", "ignore_errors": True},
            {"ansible.builtin.copy": result, "check_mode": False},
        ]
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        (tmp_path / "play.yml").write_text(json.dumps(play))
        command = [
            Path(sys.executable).parent / "ansible-playbook",
            tmp_path / "play.yml",
            *(["--check"] if check else []),
        ]
        environment = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((tmp_path / "result.json").read_text())

    return run
