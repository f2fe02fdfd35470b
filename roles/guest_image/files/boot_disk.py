"""What the programs that make images share: running tools, the disk's first sector, and building only when needed."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

PARTITION_START = 1 << 20
SECTOR = 512
FAT16 = 0x0E
LINUX = 0x83


class BuildError(Exception):
    """A step of the build failed; the message says which and why."""


def run(*argv: str | Path, cwd: Path | None = None) -> bytes:
    """Run a program and return its standard output; raise BuildError with its last words when it fails."""
    environment = {**os.environ, "LC_ALL": "C", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run([str(word) for word in argv], cwd=cwd, env=environment, capture_output=True, check=False)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise BuildError(f"{argv[0]} exited with {done.returncode}: {words[-1]}")
    return done.stdout


def first_sector(boot_code: Path, size: int, kind: int) -> bytes:
    """The first sector of a disk of `size` bytes: boot code and one active partition of this kind up to the end."""
    place = (PARTITION_START // SECTOR, (size - PARTITION_START) // SECTOR)
    # Cylinders, heads and sectors say "see the linear addresses".
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", *place)
    signature = hashlib.sha256(boot_code.read_bytes()).digest()[:4]
    code = boot_code.read_bytes().ljust(440, b"\0")[:440]
    return code + signature + b"\0\0" + entry.ljust(64, b"\0") + b"\x55\xaa"


def digest_of(texts: Iterable[str], files: Iterable[Path]) -> str:
    """One digest over everything that ends up in an image."""
    digest = hashlib.sha256("\n".join(texts).encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build_when_needed(target: Path, digest: Callable[[], str], build: Callable[[], None], check: bool) -> int:
    """Build the image at `target` unless it was made from inputs of this digest, and say so on standard output.

    Prints "changed" or "unchanged"; with `check` nothing is built. Returns the program's exit status: 1, after one line
    on standard error, when a step failed.
    """
    stamp = target.with_suffix(".inputs")
    try:
        wanted = digest()
        if target.exists() and stamp.exists() and stamp.read_text().strip() == wanted:
            print("unchanged")
            return 0
        if not check:
            build()
            stamp.write_text(wanted + "\n")
    except (BuildError, OSError) as error:
        print(f"{target.name}: {error}", file=sys.stderr)
        return 1
    print("changed")
    return 0
