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


def services(host: Host) -> dict[str, str]:
    """The running services of the host, each with the id of the process that it runs as now."""
    shown = host("systemctl", "show", "--type=service", "--state=running", "--property=Id,InvocationID", "'*'")
    # The properties of one service, in their own order: its name, then the id.
    return dict([line.partition("=")[2] for line in sorted(each.splitlines())] for each in shown.strip().split("\n\n"))


def test_a_changed_value_restarts_only_what_depends_on_it(host: Host):
    before = services(host)
    assert {"memcached.service", "mariadb.service", "tenrec-api.service", "tenrec-worker.service"} < before.keys()
    assert changed_by("changed-value", "-e", "memcached_memory_mib=96") > 0
    try:
        after = services(host)
        assert {name for name in before if after.get(name) != before[name]} == {"memcached.service"}
        assert " -m 96 " in host("pgrep", "-a", "memcached")
    finally:
        changed_by("value-restored")


def test_the_control_plane_fits_in_its_memory(host: Host):
    """The proportional set size of every process on the host but QEMU's."""
    total = 0
    script = 'for p in /proc/[0-9]*; do echo "$(cat $p/comm 2>/dev/null) $(grep -s ^Pss: $p/smaps_rollup)"; done'
    for line in host("sh", "-c", "'" + script.replace("'", "'\\''") + "'").splitlines():
        name, *rest = line.split()
        if len(rest) == 3 and not name.startswith("qemu"):
            total += int(rest[1])
    assert 100 < total // 1024 <= MOST_MIB, f"{total // 1024} MiB"
