#!/usr/bin/python
"""Ansible module: uploaded images on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_file
short_description: Uploaded images
description:
  - Judges an uploaded image before anything uses it, and returns its sizes and checksums; or removes an image's file.
  - An image must be what it is declared to be and one file of its own. qemu-img looks at it without network, without
    privileges, and without any other file.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
options:
  items:
    description: Images. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The image's UUID.
        type: str
        required: true
      path:
        description: Where the upload is.
        type: str
      disk_format:
        description: What the image is declared to be, such as V(qcow2) or V(raw).
        type: str
  images:
    description: The folder of the images.
    type: path
    default: /var/lib/tenrec/images
"""

EXAMPLES = r"""
- name: Judge an upload
  tenrec.cloud.image_file:
    items:
      - id: 7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77
        path: /var/lib/tenrec/images/7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77
        disk_format: qcow2
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The image's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
    size:
      description: Bytes of the file.
      type: int
    virtual_size:
      description: Bytes of the disk in it.
      type: int
    sha512:
      description: The file's SHA-512, in hexadecimal.
      type: str
    md5:
      description: The file's MD5, in hexadecimal; the image API shows it as C(checksum).
      type: str
"""

import hashlib
import os
import pathlib
import stat
import uuid

from ansible_collections.tenrec.cloud.plugins.module_utils import qemu_img
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import (
    STATE_ARGUMENT,
    ItemError,
    Resource,
    converge,
)

ARGUMENTS = {**STATE_ARGUMENT, "images": {"type": "path", "default": "/var/lib/tenrec/images"}}
CHUNK_BYTES = 1 << 20
INSPECT_SECONDS = 60


class ImageFile(Resource):
    """Uploads. Judging one changes nothing; its facts are what the caller wants."""

    item_spec = {"path": {"type": "str"}, "disk_format": {"type": "str"}}
    workers = 2

    def read(self, items):
        return [self._have(item) for item in items]

    def want(self, item, have):
        return have

    def facts(self, change):
        return {} if self.params["state"] == "absent" else change.have

    def apply(self, changes):
        (change,) = changes
        for file in self._files(change.item):
            file.unlink(missing_ok=True)

    def _have(self, item):
        if self.params["state"] == "absent":
            there = [str(file) for file in self._files(item) if file.exists()]
            return {"files": there} if there else None
        if not item["path"] or not item["disk_format"]:
            raise ItemError(f"image {item['id']} cannot be judged without path and disk_format")
        self._require_plain_file(item["path"])
        try:
            timeout = max(1, self.deadline.remaining(at_most=INSPECT_SECONDS))
            virtual_size = qemu_img.inspect(item["path"], item["disk_format"], timeout)
        except qemu_img.ImageRefused as problem:
            raise ItemError(str(problem)) from None
        return {
            "size": pathlib.Path(item["path"]).stat().st_size,
            "virtual_size": virtual_size,
            **self._checksums(item["path"]),
        }

    def _files(self, item):
        """An image's file, and what is left of an upload that was broken off."""
        name = str(uuid.UUID(item["id"]))
        return [pathlib.Path(self.params["images"], each) for each in (name, f".{name}.part")]

    def _require_plain_file(self, path):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            raise ItemError("the uploaded file is not on the controller") from None
        if not stat.S_ISREG(status.st_mode):
            raise ItemError("the uploaded file is not a plain file")

    def _checksums(self, path):
        sha512, md5 = hashlib.sha512(), hashlib.md5(usedforsecurity=False)
        with pathlib.Path(path).open("rb") as image:
            while chunk := image.read(CHUNK_BYTES):
                if self.deadline.passed:
                    raise ItemError("the image's checksums were not there by the deadline")
                sha512.update(chunk)
                md5.update(chunk)
        return {"sha512": sha512.hexdigest(), "md5": md5.hexdigest()}


def main():
    """Entry point."""
    converge(ImageFile, ARGUMENTS)


if __name__ == "__main__":
    main()
