"""A mount namespace of our own, in which podman runs.

Mounts of the nodes' file systems stay out of the machine's view, and a machine with hybrid or v1 cgroups gets the
cgroup2 mount there that a node's systemd needs. The namespace is pinned by a file, so that each launcher enters the
same one.
"""

import os
import subprocess
from pathlib import Path

from launcher import commands
from launcher.errors import LauncherError
from launcher.paths import RUN

PIN = RUN / "mounts" / "namespace"
CGROUP2_MAGIC = "cgroup2fs"


def create() -> bool:
    """Make and pin the namespace; return whether it was missing.

    It follows the machine's mounts (`slave`), because a network namespace that is made later is a mount too.
    """
    if pinned():
        return False
    PIN.parent.mkdir(parents=True, exist_ok=True)
    # A mount namespace can only be pinned on a mount that is private, or it would be part of itself.
    commands.run(["mount", "--bind", PIN.parent, PIN.parent])
    commands.run(["mount", "--make-private", PIN.parent])
    PIN.touch()
    _pin()
    if commands.output(["stat", "-f", "-c", "%T", "/sys/fs/cgroup"]) != CGROUP2_MAGIC:
        commands.run(inside(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"]))
    return True


def destroy() -> None:
    """Let go of the namespace; the kernel removes it, and what is mounted in it, with its last process."""
    if pinned():
        commands.run(["umount", PIN])
    while _is_mount_point(PIN.parent):
        commands.run(["umount", PIN.parent])
    PIN.unlink(missing_ok=True)


def inside(arguments: commands.Arguments) -> list[str | Path]:
    """The same command, run in the namespace."""
    return ["nsenter", f"--mount={PIN}", "--", *arguments]


def pinned() -> bool:
    """Tell whether the namespace is there."""
    return PIN.exists() and _is_mount_point(PIN)


def _pin() -> None:
    """Make the namespace and pin it while a process of ours is in it.

    A kernel refuses to pin a namespace whose number is below the present one's, for it takes that for a loop; and newer
    kernels number namespaces by processor. So each processor is tried: the one that numbered ours always works.

    :raises LauncherError: when none does
    """
    for processor in sorted(os.sched_getaffinity(0)):
        words = ["taskset", "--cpu-list", str(processor), "unshare", "--mount", "--propagation=slave", "cat"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            process.stdin.write("inside\n")
            process.stdin.flush()
            process.stdout.readline()
            if commands.succeeds(["mount", "--bind", f"/proc/{process.pid}/ns/mnt", PIN]):
                return
    raise LauncherError("a mount namespace cannot be made here", "see whether `unshare --mount true` works as root")


def _is_mount_point(path: Path) -> bool:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return str(path) in points
