"""A volume's file in the pool as the engine of all modules sees it."""

from __future__ import annotations

import fcntl
import os
import pathlib
import uuid

from ansible_collections.tenrec.cloud.plugins.module_utils import qemu_img
from ansible_collections.tenrec.cloud.plugins.module_utils.cached_image import CachedImage
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError, Resource
from ansible_collections.tenrec.cloud.plugins.module_utils.target_daemon import TargetDaemon

# Linux's ioctl FICLONE: _IOW(0x94, 9, int). Python 3.11's fcntl does not name it.
FICLONE = 0x40049409
IMAGE = {
    "id": {"type": "str", "required": True},
    "disk_format": {"type": "str", "required": True},
    "sha512": {"type": "str", "required": True},
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
}


class PoolVolume(Resource):
    """Volumes as their sizes in bytes. A file under a volume's name is always a complete volume."""

    item_spec = {"size_gib": {"type": "int"}, "image": {"type": "dict", "options": IMAGE}}
    workers = 2

    def read(self, items):
        return [self._have(item) for item in items]

    def want(self, item, have):
        if not item["size_gib"] or item["size_gib"] < 1:
            raise ItemError(f"volume {item['id']} needs a size of at least 1 GiB, not {item['size_gib']}")
        size = item["size_gib"] * qemu_img.GIB
        if have is not None and have["size"] > size:
            raise ItemError(f"volume {item['id']} has {have['size']} bytes already; a volume cannot shrink")
        return {"size": size}

    def apply(self, changes):
        (change,) = changes
        file = self._file(change.item)
        if change.want is None:
            self._remove(file, change.item)
        elif change.have is not None:
            os.truncate(file, change.want["size"])
        else:
            self._make(file, change.item, change.want["size"])

    def _file(self, item):
        return pathlib.Path(self.params["pool"], str(uuid.UUID(item["id"])))

    def _fresh(self, item):
        return pathlib.Path(self.params["pool"], f".{uuid.UUID(item['id'])}.new")

    def _have(self, item):
        try:
            return {"size": self._file(item).stat().st_size}
        except FileNotFoundError:
            unfinished = self.params["state"] == "absent" and self._fresh(item).exists()
            return {"size": 0} if unfinished else None

    def _make(self, file, item, size):
        fresh = self._fresh(item)
        try:
            # Whatever a run that died has left under this name is emptied.
            with fresh.open("w+b") as content:
                fresh.chmod(0o600)
                if item["image"] is None:
                    os.ftruncate(content.fileno(), size)
                else:
                    self._fill(content, fresh, item["image"], size)
                os.fsync(content.fileno())
            fresh.replace(file)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise

    def _fill(self, content, fresh, image, size):
        base = CachedImage(self.params["image_cache"], image["id"])
        with base.locked(self.deadline, shared=True):
            note = base.note()
            if note is None or note["sha512"] != image["sha512"]:
                raise ItemError(f"image {image['id']} is not in this host's cache")
            if note["virtual_size"] > size:
                smallest = -(-note["virtual_size"] // qemu_img.GIB)
                raise ItemError(
                    f"the volume of {size // qemu_img.GIB} GiB is smaller than the image, which needs {smallest} GiB"
                )
            cloned = qemu_img.driver_of(note["disk_format"]) == "raw" and _clone(base.path, content)
            os.ftruncate(content.fileno(), size)
            if not cloned:
                self._convert(base.path, note["disk_format"], fresh)

    def _convert(self, source, disk_format, target):
        try:
            qemu_img.convert(source, disk_format, target, max(1, self.deadline.remaining()))
        except RuntimeError as problem:
            raise ItemError(f"the image could not be written to the volume: {problem}") from None

    def _remove(self, file, item):
        if self._exported(file):
            raise ItemError(f"volume {item['id']} is exported; detach it first")
        self._fresh(item).unlink(missing_ok=True)
        file.unlink(missing_ok=True)

    def _exported(self, file):
        if not pathlib.Path(self.params["tgt"]).exists():
            # No daemon, so nothing is exported now, and its own check refuses a missing file later.
            return False
        targets = TargetDaemon(self.params["tgt"], self.deadline).targets()
        return any(str(file) in target.backing.values() for target in targets.values())


def _clone(source, content):
    """Share the blocks of a file instead of copying them. Returns whether the file system could."""
    with source.open("rb") as original:
        try:
            fcntl.ioctl(content.fileno(), FICLONE, original.fileno())
        except OSError:
            return False
    return True
