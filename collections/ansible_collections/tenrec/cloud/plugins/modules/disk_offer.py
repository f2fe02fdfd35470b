#!/usr/bin/python
"""Ansible module: root disks, offered to another host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: disk_offer
short_description: Root disks of servers, offered to another host
description:
  - Serves the root disk of each server, which must be off, to one other host, for M(tenrec.cloud.disk_copy) to read.
  - The offer ends when that host has read it, or at the deadline. Each run makes another one.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.virtualization
  - tenrec.cloud.host_files.servers
  - tenrec.cloud.host_files.tls
options:
  items:
    description: Servers that are defined on this host.
    suboptions:
      id:
        description: The server's UUID.
        type: str
        required: true
      image_id:
        description: The image that the disk is built on; of no meaning here.
        type: str
      disk_format:
        description: The format of that image; of no meaning here.
        type: str
      sha512:
        description: The SHA-512 of that image; of no meaning here.
        type: str
  address:
    description: The address of this host on which to offer.
    type: str
    required: true
  peer:
    description: The common name in the certificate of the host that may read.
    type: str
    required: true
  first_port:
    description: The first of the TCP ports that may be used.
    type: int
    default: 49152
  last_port:
    description: The last of the TCP ports that may be used.
    type: int
    default: 49215
"""

EXAMPLES = r"""
- name: Offer a disk
  tenrec.cloud.disk_offer:
    items:
      - id: 2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11
    address: 192.0.2.41
    peer: compute2
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
    port:
      description: The TCP port. Absent in check mode.
      type: int
    size:
      description: The bytes of the disk.
      type: int
    changed_at:
      description: When the disk was last written, in nanoseconds since 1970.
      type: int
"""

import os

from ansible_collections.tenrec.cloud.plugins.module_utils import disk_transfer, host_files, libvirt_host
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway, ItemError, Resource, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.server_files import ServerFolder

ARGUMENTS = {
    **libvirt_host.ARGUMENTS,
    "address": {"type": "str", "required": True},
    "peer": {"type": "str", "required": True},
    "first_port": {"type": "int", "default": 49152},
    "last_port": {"type": "int", "default": 49215},
    **host_files.SERVERS,
    **host_files.TLS,
}


class DiskOffer(Resource):
    """Offers: there never is one before."""

    item_spec = {"image_id": {"type": "str"}, "disk_format": {"type": "str"}, "sha512": {"type": "str"}}

    def open(self):
        self._libvirt = libvirt_host.LibvirtHost(self.params["uri"])

    def close(self):
        self._libvirt.close()

    def may_heal(self, problem):
        return libvirt_host.is_away(problem) or super().may_heal(problem)

    def read(self, items):
        return [None for _item in items]

    def want(self, item, have):
        disk = self._disk(item)
        domain = self._libvirt.find(item["id"])
        if domain is not None and domain.isActive():
            raise ItemError(f"server {item['id']} runs; only the disk of one that is off can be moved")
        if not disk.exists():
            raise ItemError(f"the root disk of server {item['id']} is not on this host")
        found = disk.stat()
        return {"size": found.st_size, "changed_at": found.st_mtime_ns, "peer": self.params["peer"]}

    def compare(self, change):
        change.facts = {key: change.want[key] for key in ("size", "changed_at")}
        return change.have, change.want

    def apply(self, changes):
        (change,) = changes
        disk = self._disk(change.item)
        # What serves it is root without root's powers, which reads only what root's group may read.
        os.chown(disk, -1, 0)
        disk.chmod(0o640)
        ports = range(self.params["first_port"], self.params["last_port"] + 1)
        address, peer, tls = (self.params[key] for key in ("address", "peer", "tls"))
        try:
            change.facts["port"] = disk_transfer.offer(
                disk, change.item["id"], address, ports, peer, tls, self.deadline
            )
        except RuntimeError as problem:
            raise EngineAway(f"the disk of server {change.item['id']} cannot be offered: {problem}") from None

    def _disk(self, item):
        # Whose the disk is, is not changed here.
        return ServerFolder(self.params["servers"], item["id"], owner="root").disk


def main():
    """Entry point."""
    converge(DiskOffer, ARGUMENTS)


if __name__ == "__main__":
    main()
