"""The deployment itself: run again it changes nothing, and it is as small as it says."""

from launcher import playbook
from launcher.paths import HOSTS
from launcher.steps import Steps
from launcher.up import INVENTORY, PLAYBOOK
from tests.acceptance.host import Host

MOST_MIB = 1536


def changed_by(log_name: str, *more: str) -> int:
    """Run site.yml on the deployed host; returns how many tasks changed something. Raises LauncherError."""
    words = ["-i", str(INVENTORY), "-i", str(HOSTS), str(PLAYBOOK), *more]
    return playbook.run(Steps(), words, log_name=log_name).changed


def test_a_second_deployment_changes_nothing():
    assert changed_by("second-deploy") == 0


def test_check_mode_runs_through_and_shows_no_change():
    assert changed_by("check-deploy", "--check", "--diff") == 0


def test_the_control_plane_fits_in_its_memory(host: Host):
    """The proportional set size of every process on the host but QEMU's."""
    total = 0
    script = 'for p in /proc/[0-9]*; do echo "$(cat $p/comm 2>/dev/null) $(grep -s ^Pss: $p/smaps_rollup)"; done'
    for line in host("sh", "-c", "'" + script.replace("'", "'\\''") + "'").splitlines():
        name, *rest = line.split()
        if len(rest) == 3 and not name.startswith("qemu"):
            total += int(rest[1])
    assert 100 < total // 1024 <= MOST_MIB, f"{total // 1024} MiB"
