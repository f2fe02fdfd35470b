"""The folder of one server on its compute node: root disk, config drive, console log."""

from __future__ import annotations

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import uuid

from ansible_collections.tenrec.cloud.plugins.module_utils import qemu_img
from ansible_collections.tenrec.cloud.plugins.module_utils.cached_image import CachedImage
from ansible_collections.tenrec.cloud.plugins.module_utils.config_drive import config_drive_files, write_config_drive
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_xml import ServerFiles

# Making one file takes milliseconds; a loaded host may need a hundred times that.
FILE_SECONDS = 60
# What virtlogd keeps of a console: the log and its rotated predecessors, the newest first.
ROTATED_LOGS = 3


class ServerFolder:
    """`<servers>/<id>/` and what is in it."""

    def __init__(self, servers, server_id, owner):
        """Arguments: servers: the folder of all servers. server_id: a UUID, else ValueError. owner: QEMU's user."""
        self.path = pathlib.Path(servers, str(uuid.UUID(server_id)))
        self.disk = self.path / "disk.qcow2"
        self.config_drive = self.path / "config-drive.iso"
        self.console_log = self.path / "console.log"
        self._note = self.path / ".disk.json"
        self._owner = owner

    def found(self):
        """Which of the files are there: dict of `folder`, `disk`, `config_drive` to bool."""
        return {
            "folder": self.path.is_dir(),
            "disk": self.disk.exists(),
            "config_drive": self.config_drive.exists(),
        }

    def paths(self, with_disk, with_config_drive):
        """The paths for the domain document."""
        return ServerFiles(
            console_log=str(self.console_log),
            disk=str(self.disk) if with_disk else None,
            config_drive=str(self.config_drive) if with_config_drive else None,
        )

    def make(self):
        """Make the folder. QEMU's user may pass through it and nobody may list it."""
        self.path.mkdir(exist_ok=True)
        self.path.chmod(0o711)

    def make_disk(self, image, root_gib, cache, deadline):
        """Make the root disk as an overlay of a cached image, unless it is there.

        Raises ItemError when the image is not in the cache or does not fit.
        """
        if self.disk.exists():
            return
        base = CachedImage(cache, image["id"])
        with base.locked(deadline, shared=True):
            note = base.note()
            if note is None or note["sha512"] != image["sha512"]:
                raise ItemError(f"image {image['id']} is not in this host's cache")
            try:
                size = qemu_img.root_disk_bytes(root_gib, note["virtual_size"])
            except ValueError as problem:
                raise ItemError(str(problem)) from None
            fresh = self.path / ".disk.new"
            driver = qemu_img.driver_of(note["disk_format"])
            command = qemu_img.overlay_command(str(fresh), str(base.path), driver, size)
            done = subprocess.run(command, capture_output=True, text=True, timeout=FILE_SECONDS, check=False)
            if done.returncode != 0:
                raise ItemError(f"the root disk could not be made: {done.stderr.strip()}")
            self._give(fresh)
            fresh.replace(self.disk)

    def disk_note(self):
        """What was written down of a disk that was copied from elsewhere, or None: see `keep_disk`."""
        try:
            return json.loads(self._note.read_text()) if self.disk.exists() else None
        except FileNotFoundError:
            return None

    def new_disk(self):
        """An empty file that is to become the disk; what was noted of the one before is forgotten."""
        self._note.unlink(missing_ok=True)
        fresh = self.path / ".disk.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        return fresh

    def keep_disk(self, fresh, note):
        """Make a file the disk, safe on the host's own disk, and write down (as JSON) what it is a copy of."""
        with fresh.open("rb") as content:
            os.fsync(content.fileno())
        self._give(fresh)
        fresh.replace(self.disk)
        self._note.write_text(json.dumps(note))
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def make_config_drive(self, config_drive):
        """Make the config drive, unless it is there. Raises ItemError when its content cannot be written."""
        if self.config_drive.exists():
            return
        fresh = self.path / ".config-drive.new"
        try:
            write_config_drive(config_drive_files(config_drive), fresh, FILE_SECONDS)
        except (ValueError, RuntimeError) as problem:
            raise ItemError(f"the config drive could not be made: {problem}") from None
        self._give(fresh)
        fresh.replace(self.config_drive)

    def remove(self):
        """Remove the folder and all that is in it."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def console(self, lines, at_most):
        """The end of the console's output.

        Arguments: lines: how many, None for all. at_most: bytes to read. Bytes that are no UTF-8 become U+FFFD.
        """
        pieces, left = [], at_most
        names = [self.console_log, *(self.path / f"console.log.{number}" for number in range(ROTATED_LOGS))]
        for name in names:
            if left <= 0:
                break
            try:
                with name.open("rb") as log:
                    size = log.seek(0, os.SEEK_END)
                    log.seek(max(0, size - left))
                    piece = log.read(left)
            except FileNotFoundError:
                break
            pieces.insert(0, piece)
            left -= len(piece)
        text = b"".join(pieces).decode("utf-8", errors="replace")
        if lines is None:
            return text
        return "".join(text.splitlines(keepends=True)[-lines:]) if lines > 0 else ""

    def _give(self, path):
        """To QEMU's user alone: libvirt gives the files back to their owner when the server stops."""
        path.chmod(0o600)
        try:
            account = pwd.getpwnam(self._owner)
        except KeyError:
            raise ItemError(f"QEMU's user '{self._owner}' does not exist on this host") from None
        os.chown(path, account.pw_uid, account.pw_gid)
