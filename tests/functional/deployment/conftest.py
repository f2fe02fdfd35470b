"""Runs single modules of the deployment on this machine, as Ansible would."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COLLECTIONS = Path(__file__).resolve().parents[3] / "collections"


@pytest.fixture
def run_module(tmp_path):
    """Call it with a module's name and options, and `check=True` for check mode; it returns the module's result."""

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
