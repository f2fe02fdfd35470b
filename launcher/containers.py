"""Podman, with storage of the launcher's own, in the launcher's own mount namespace."""

import resource
from pathlib import Path

from launcher import commands, mounts
from launcher.paths import CONTAINERS, RUN

LABEL = "cloud.tenrec.node"
CGROUP = "tenrec-lab"

_UNLIMITED_FILES = 1048576
_UNLIMITED_PROCESSES = 30000


def start_system(name: str, *, root: Path, namespace: Path) -> None:
    """Start a container whose first process is systemd.

    :param root: its root file system, already mounted in the mount namespace
    :param namespace: its network namespace, already configured
    """
    commands.run(podman(
        "run", "--detach", "--name", name, "--hostname", name, "--label", LABEL,
        "--systemd=always", "--privileged", "--stop-signal=SIGRTMIN+3", "--stop-timeout=30", "--log-driver=none",
        f"--network=ns:{namespace}", "--dns=none", "--no-hosts", "--cgroupns=private", "--pids-limit=0",
        f"--cgroup-parent=/{CGROUP}",
        f"--ulimit=nofile={_limit(resource.RLIMIT_NOFILE, _UNLIMITED_FILES)}",
        f"--ulimit=nproc={_limit(resource.RLIMIT_NPROC, _UNLIMITED_PROCESSES)}",
        # Tmpfs mounts would hide what the roles put there and lose it when the node restarts.
        "--env=container=podman", "--rootfs", root, "/sbin/init",
    ))  # fmt: skip


def remove(name: str) -> None:
    """Kill and remove a container; one that is not there is no error."""
    commands.run(podman("rm", "--force", "--time=0", "--ignore", name))


def remove_cgroups() -> None:
    """Remove the control groups that the containers left: podman keeps those of its parents."""
    tree = f"/sys/fs/cgroup/{CGROUP}"
    commands.run(mounts.inside(["find", tree, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]), check=False)


def state(name: str) -> str:
    """`running`, `exited` or the like; empty when there is no such container.

    Podman learns of a container's end from a process beside it. Where both were killed, the state is `killed`.
    """
    if not mounts.pinned():
        return ""
    found = commands.run(podman("inspect", "--format", "{{.State.Status}}", name), check=False).stdout.strip()
    return "killed" if found == "running" and not _is_ours(process(name)) else found


def process(name: str) -> int:
    """The process, in the machine's numbering, that is the container's first; 0 when it does not run."""
    found = commands.run(podman("inspect", "--format", "{{.State.Pid}}", name), check=False).stdout.strip()
    return int(found or 0)


def podman(*arguments: str | Path) -> list[str | Path]:
    """A podman command that leaves the machine's own containers and settings alone."""
    return mounts.inside([
        "podman", "--root", CONTAINERS, "--runroot", RUN / "podman", "--tmpdir", RUN / "libpod",
        "--cgroup-manager=cgroupfs", "--runtime=crun", "--events-backend=none", *arguments,
    ])  # fmt: skip


def _is_ours(process: int) -> bool:
    """Whether that process is there and a container's; its number may have been given to another program."""
    try:
        return f"/{CGROUP}/" in Path(f"/proc/{process}/cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _limit(kind: int, wanted: int) -> str:
    """The wanted limit, or the machine's own where we may not go above it."""
    _, hard = resource.getrlimit(kind)
    limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    return f"{limit}:{limit}"
