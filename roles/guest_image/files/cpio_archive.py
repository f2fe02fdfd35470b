"""Writes cpio archives in the "newc" form that the Linux kernel unpacks as its first root file system.

Source: Documentation/driver-api/early-userspace/buffer-format.rst of the Linux kernel.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from typing import BinaryIO

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"


@dataclass
class CpioArchive:
    """A tree of files that belong to root, written in the order in which it was filled.

    Times and inode numbers are counters, so equal contents make equal bytes.
    """

    output: BinaryIO
    _inode: int = field(default=0, init=False)
    _known: set[str] = field(default_factory=set, init=False)

    def directory(self, path: str, mode: int = 0o755, owner: int = 0) -> None:
        """Add the directory `path` (no leading slash) once, after the directories above it."""
        if not path or path in self._known:
            return
        self._parents(path)
        self._known.add(path)
        self._member(path, stat.S_IFDIR | mode, b"", owner=owner, links=2)

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Add a regular file of `content`."""
        self._parents(path)
        self._member(path, stat.S_IFREG | mode, content)

    def symlink(self, path: str, target: str) -> None:
        """Add a symbolic link that points at `target`."""
        self._parents(path)
        self._member(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path: str, mode: int, major: int, minor: int) -> None:
        """Add a character device node; the kernel makes it, so the writer needs no privilege."""
        self._parents(path)
        self._member(path, stat.S_IFCHR | mode, b"", device=(major, minor))

    def close(self) -> None:
        """Write the member that ends the archive. The output stays open."""
        self._member(_TRAILER, 0, b"")

    def _parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent:
            self.directory(parent)

    def _member(
        self, name: str, mode: int, content: bytes, *, owner: int = 0, links: int = 1, device: tuple[int, int] = (0, 0)
    ) -> None:
        self._inode += 1
        encoded = name.encode() + b"\0"
        numbers = (
            self._inode, mode, owner, owner, links, 0, len(content), 0, 0, device[0], device[1], len(encoded), 0,
        )  # fmt: skip
        header = _MAGIC + b"".join(b"%08X" % number for number in numbers)
        self.output.write(_padded(header + encoded))
        self.output.write(_padded(content))


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
