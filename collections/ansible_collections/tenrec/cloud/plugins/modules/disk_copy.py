#!/usr/bin/python
"""Ansible module: root disks, copied from another host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: disk_copy
short_description: Root disks of servers, copied from another host
description:
  - Copies the root disks that another host offers by M(tenrec.cloud.disk_offer), and looks that each is an overlay of
    its image in this host's cache and of nothing else.
  - A disk that has been copied and has not been written since, there, is not copied again.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.virtualization
  - tenrec.cloud.host_files.servers
  - tenrec.cloud.host_files.image_cache
  - tenrec.cloud.host_files.owner
  - tenrec.cloud.host_files.tls
options:
  items:
    description: Servers whose disks are offered.
    suboptions:
      id:
        description: The server's UUID.
        type: str
        required: true
      image_id:
        description: The image that the disk is built on. It must be in this host's cache.
        type: str
        required: true
      disk_format:
        description: The format of that image.
        type: str
        required: true
      sha512:
        description: The SHA-512 that the image must have, in hexadecimal.
        type: str
        required: true
  offers:
    description: The results of M(tenrec.cloud.disk_offer) on the other host.
    type: list
    elements: dict
    required: true
  address:
    description: The address of the other host.
    type: str
    required: true
  peer:
    description: The name that the other host's certificate must have.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Copy a disk
  tenrec.cloud.disk_copy:
    items:
      - id: 2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11
        image_id: 7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77
        disk_format: qcow2
        sha512: "{{ image_sha512 }}"
    offers: "{{ hostvars['compute1'].offer.results }}"
    address: 192.0.2.41
    peer: compute1
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The server's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils import disk_transfer, host_files, libvirt_host, qemu_img
from ansible_collections.tenrec.cloud.plugins.module_utils.cached_image import CachedImage
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway, ItemError, Resource, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.server_files import FILE_SECONDS, ServerFolder

ARGUMENTS = {
    **libvirt_host.ARGUMENTS,
    "offers": {"type": "list", "elements": "dict", "required": True},
    "address": {"type": "str", "required": True},
    "peer": {"type": "str", "required": True},
    **host_files.SERVERS,
    **host_files.IMAGE_CACHE,
    **host_files.OWNER,
    **host_files.TLS,
}


class DiskCopy(Resource):
    """Copied disks as the notes of what they are copies of."""

    item_spec = {
        "image_id": {"type": "str", "required": True},
        "disk_format": {"type": "str", "required": True},
        "sha512": {"type": "str", "required": True},
    }
    workers = 2

    def open(self):
        self._libvirt = libvirt_host.LibvirtHost(self.params["uri"])
        self._offers = {offer.get("id"): offer for offer in self.params["offers"]}

    def close(self):
        self._libvirt.close()

    def may_heal(self, problem):
        return libvirt_host.is_away(problem) or super().may_heal(problem)

    def read(self, items):
        return [self._folder(item).disk_note() for item in items]

    def want(self, item, have):
        offer = self._offers.get(item["id"], {})
        if "size" not in offer:
            raise ItemError(f"the disk of server {item['id']} is not offered")
        return {"size": offer["size"], "changed_at": offer["changed_at"], "image": item["image_id"]}

    def apply(self, changes):
        (change,) = changes
        item, offer = change.item, self._offers[change.item["id"]]
        domain = self._libvirt.find(item["id"])
        if domain is not None and domain.isActive():
            raise ItemError(f"server {item['id']} runs on this host")
        base = CachedImage(self.params["image_cache"], item["image_id"])
        folder = self._folder(item)
        # Held until the disk is in its place, from where on the image is in use.
        with base.locked(self.deadline, shared=True):
            note = base.note()
            if note is None or note["sha512"] != item["sha512"]:
                raise ItemError(f"image {item['image_id']} is not in this host's cache")
            folder.make()
            fresh = folder.new_disk()
            self._fill(fresh, item, offer)
            try:
                qemu_img.inspect_overlay(fresh, base.path, item["disk_format"], FILE_SECONDS)
            except qemu_img.ImageRefused as problem:
                fresh.unlink()
                raise ItemError(f"what {self.params['peer']} offers is not the server's disk: {problem}") from None
            folder.keep_disk(fresh, change.want)

    def _fill(self, fresh, item, offer):
        address, peer, tls = (self.params[key] for key in ("address", "peer", "tls"))
        try:
            disk_transfer.copy(fresh, offer["size"], item["id"], address, offer["port"], peer, tls, self.deadline)
        except RuntimeError as problem:
            fresh.unlink()
            raise EngineAway(f"the disk of server {item['id']} could not be copied: {problem}") from None

    def _folder(self, item):
        return ServerFolder(self.params["servers"], item["id"], self.params["owner"])


def main():
    """Entry point."""
    converge(DiskCopy, ARGUMENTS)


if __name__ == "__main__":
    main()
