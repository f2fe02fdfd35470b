#!/usr/bin/python
"""Ansible module: images on the hosts that use them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_cache
short_description: Images cached on a host
description:
  - Fetches images from the image service, verifies and inspects them, and keeps them under their id.
  - Two runs at once fetch an image once. An image that a server's disk is built on is not removed.
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
      disk_format:
        description: What the image must be, such as V(qcow2) or V(raw).
        type: str
      sha512:
        description: The SHA-512 that the image must have, in hexadecimal.
        type: str
      url:
        description: Where it is, by HTTPS.
        type: str
      token:
        description: A token for the image service.
        type: str
  cache:
    description: The folder of the images.
    type: path
    default: /var/lib/tenrec/image-cache
  servers:
    description: The folder of the servers whose disks may be built on the images.
    type: path
    default: /var/lib/tenrec/servers
  authority:
    description: The certificates that the image service's certificate must come from.
    type: path
    default: /etc/tenrec/tls/ca.pem
  group:
    description: A group that may read the images, QEMU's on a compute node. On a host without it root alone may.
    type: str
    default: libvirt-qemu
"""

EXAMPLES = r"""
- name: Fetch an image
  tenrec.cloud.image_cache:
    items:
      - id: 7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77
        disk_format: qcow2
        sha512: "{{ image_sha512 }}"
        url: https://cloud.example/image/v2/images/7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77/file
        token: "{{ token }}"
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
    kept_for:
      description: With O(state=absent), the servers whose disks need the image.
      type: list
      elements: str
      returned: when the image is in use
"""

import pathlib

from ansible_collections.tenrec.cloud.plugins.module_utils import host_files, qemu_img
from ansible_collections.tenrec.cloud.plugins.module_utils.cached_image import (
    CachedImage,
    FetchCutShort,
    FetchFailed,
    https_body,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import (
    STATE_ARGUMENT,
    EngineAway,
    ItemError,
    Resource,
    converge,
)

ARGUMENTS = {
    **STATE_ARGUMENT,
    "cache": {"type": "path", "default": "/var/lib/tenrec/image-cache"},
    **host_files.SERVERS,
    "authority": {"type": "path", "default": "/etc/tenrec/tls/ca.pem"},
    "group": {"type": "str", "default": "libvirt-qemu"},
}


class ImageCache(Resource):
    """Cached images as their notes."""

    item_spec = {
        "disk_format": {"type": "str"},
        "sha512": {"type": "str"},
        "url": {"type": "str"},
        "token": {"type": "str", "no_log": True},
    }
    workers = 2

    def read(self, items):
        return [self._have(item) for item in items]

    def want(self, item, have):
        missing = [name for name in ("disk_format", "sha512", "url") if not item[name]]
        if missing:
            raise ItemError(f"image {item['id']} cannot be fetched without {', '.join(missing)}")
        return {"disk_format": item["disk_format"], "sha512": item["sha512"]}

    def compare(self, change):
        if change.want is None and change.have is not None:
            users = self._users(change.item)
            if users:
                change.facts["kept_for"] = users
                return change.have, change.have
        return change.have, change.want

    def apply(self, changes):
        (change,) = changes
        image = self._image(change.item)
        with image.locked(self.deadline):
            if change.want is None:
                # A server may have been made of it while the lock was waited for.
                if not self._users(change.item):
                    image.remove()
            elif self._have(change.item) != change.want:
                self._fetch(image, change.item)

    def _image(self, item):
        return CachedImage(self.params["cache"], item["id"])

    def _have(self, item):
        image = self._image(item)
        note = image.note()
        if note is None:
            return {"disk_format": None, "sha512": None} if image.leftovers() else None
        return {"disk_format": note["disk_format"], "sha512": note["sha512"]}

    def _fetch(self, image, item):
        body = https_body(item["url"], item["token"], self.params["authority"], self.deadline)
        try:
            image.keep(body, item["disk_format"], item["sha512"], self.deadline, self.params["group"])
        except FetchCutShort as problem:
            raise EngineAway(f"image {item['id']}: {problem}") from None
        except (FetchFailed, qemu_img.ImageRefused) as problem:
            raise ItemError(f"image {item['id']}: {problem}") from None

    def _users(self, item):
        """Ids of the servers on this host whose root disk is built on an image."""
        path = str(self._image(item).path)
        disks = pathlib.Path(self.params["servers"]).glob("*/disk.qcow2")
        return sorted(disk.parent.name for disk in disks if qemu_img.backing_file(disk) == path)


def main():
    """Entry point."""
    converge(ImageCache, ARGUMENTS)


if __name__ == "__main__":
    main()
