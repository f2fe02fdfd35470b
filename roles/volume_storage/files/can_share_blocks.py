#!/usr/bin/python3
"""Prints "yes" when the file system of the folder given can share blocks between files (reflinks), else "no"."""

import fcntl
import sys
import tempfile

FICLONE = 0x40049409

with tempfile.TemporaryFile(dir=sys.argv[1]) as source, tempfile.TemporaryFile(dir=sys.argv[1]) as copy:
    source.write(b"\0" * 65536)
    source.flush()
    try:
        fcntl.ioctl(copy, FICLONE, source.fileno())
        print("yes")
    except OSError:
        print("no")
