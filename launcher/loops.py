"""Loop devices: a node shares them with the machine, so those that it attached must be told from all others."""

import json
from pathlib import Path

from launcher import commands


def attached_by(process: int) -> list[str]:
    """Loop devices whose backing file lies on a file system that only that process's container has mounted.

    :return: device names such as `/dev/loop3`, in the order in which they may be detached (the uppermost first)
    """
    own = _devices_mounted(process) - _devices_mounted(None)
    listing = commands.output(["losetup", "--json", "--list", "--output", "NAME,MAJ:MIN,BACK-MAJ:MIN"])
    loops = json.loads(listing)["loopdevices"] if listing else []
    for loop in loops:  # losetup pads device numbers with spaces
        loop.update({column: str(value).strip() for column, value in loop.items()})
    found: list[str] = []
    # A loop device may hold the file system on which another one's file lies.
    while fresh := [loop for loop in loops if loop["back-maj:min"] in own and loop["name"] not in found]:
        found += [loop["name"] for loop in fresh]
        own |= {loop["maj:min"] for loop in fresh}
    return found[::-1]


def detach(devices: list[str]) -> None:
    """Detach loop devices; one that is already free is no error."""
    for device in devices:
        if Path(f"/sys/block/{Path(device).name}/loop").exists():
            commands.run(["losetup", "--detach", device], check=False)


def _devices_mounted(process: int | None) -> set[str]:
    """Device numbers (`major:minor`) of the file systems that a process, or the launcher itself, sees mounted."""
    table = Path(f"/proc/{process or 'self'}/mountinfo")
    return {line.split()[2] for line in table.read_text().splitlines()}
