"""What `playbooks/precheck.yml` says of the deployed site, and of one with several faults."""

import subprocess
from pathlib import Path

from launcher import environment
from launcher.deployments import ALLINONE
from launcher.paths import REPOSITORY

# Nobody answers here: a network for documentation (RFC 5737) has no hosts.
DEAD = "[storage]\nstorage9 ansible_host=192.0.2.1 ansible_connection=ssh ansible_timeout=2\n"


def precheck(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook on the deployed host, with more words for ansible-playbook."""
    inventories = ["-i", str(ALLINONE.inventory), "-i", str(ALLINONE.hosts_file)]
    return subprocess.run(
        [str(environment.program("ansible-playbook")), *inventories, *words, "playbooks/precheck.yml"],
        cwd=REPOSITORY, env=environment.variables() | {"ANSIBLE_NOCOLOR": "1", "HOME": str(Path.home())},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_deployed_site_has_no_fault():
    done = precheck()
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout


def test_every_fault_is_named_at_once(tmp_path):
    dead = tmp_path / "dead.ini"
    dead.write_text(DEAD)
    done = precheck("-i", str(dead), "-e", "region=", "-e", "compute_disk_gib=")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    for fault in (
        "3 things are wrong with this site",
        "region has no value",
        "storage9 cannot be reached",
        "compute_disk_gib has no value",
    ):
        assert fault in said, said
