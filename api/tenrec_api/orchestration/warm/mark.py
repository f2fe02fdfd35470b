"""The mark by which `leftovers` knows a run's processes, for a process that was forked and never executed anything.

Others see a process's environment as it was when the program started. So the zygote is started with a long value for
the mark, and the child of a run writes its own over it, in place, as daemons do with their title. Its forks inherit it.
"""

from dataclasses import dataclass
from pathlib import Path

from tenrec_api.orchestration.leftovers import MARK

# The longest path that can be a mark.
ROOM = 1024
# Which field of /proc/self/stat, counted from the one after the program's name, says where the environment begins.
ENVIRONMENT_START = 47


def reserve(home: Path) -> str:
    """The value with which to start the zygote whose folder is `home`: the same path, and room behind it."""
    return str(home).ljust(ROOM, "/")


@dataclass(frozen=True)
class Mark:
    """Where in this process's memory the value of the mark stands."""

    address: int
    room: int

    @classmethod
    def find(cls) -> "Mark":
        """Look it up. Raises ValueError when this process was started without it."""
        environment = b"\0" + Path("/proc/self/environ").read_bytes()
        begin = environment.index(b"\0" + MARK) + len(MARK)
        end = environment.index(b"\0", begin + 1)
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        return cls(int(fields[ENVIRONMENT_START]) + begin, end - begin - 1)

    def write(self, value: str) -> None:
        """Be known by `value` from now on. Raises ValueError when it is too long."""
        content = value.encode()
        if len(content) > self.room:
            raise ValueError(f"{value}: longer than {self.room} bytes")
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(self.address)
            memory.write(content.ljust(self.room, b"\0"))
