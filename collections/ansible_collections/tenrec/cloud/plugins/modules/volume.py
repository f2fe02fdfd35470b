#!/usr/bin/python
"""Ansible module: volumes as files of the storage pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Volumes of the storage pool
description:
  - Makes each volume as a sparse raw file in the pool, empty or with the content of a cached image, and removes
    volumes.
  - A volume that is exported is not removed.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.host_files.image_cache
options:
  items:
    description: Volumes. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The volume's UUID.
        type: str
        required: true
      size_gib:
        description: Size in GiB. A volume that is there and smaller grows; none ever shrinks.
        type: int
      image:
        description: >-
          An image that M(tenrec.cloud.image_cache) has brought here, C(id), C(disk_format) and C(sha512); none for an
          empty volume.
        type: dict
  pool:
    description: The folder of all volumes.
    type: path
    default: /var/lib/tenrec/volumes
  tgt:
    description: The socket of tgtd, asked whether a volume is exported.
    type: path
    default: /var/run/tgtd/socket.0
"""

EXAMPLES = r"""
- name: Make a volume
  tenrec.cloud.volume:
    items:
      - id: 0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001
        size_gib: 1
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The volume's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils import host_files
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import STATE_ARGUMENT, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.pool_volume import PoolVolume

ARGUMENTS = {
    **STATE_ARGUMENT,
    "pool": {"type": "path", "default": "/var/lib/tenrec/volumes"},
    **host_files.IMAGE_CACHE,
    "tgt": {"type": "path", "default": "/var/run/tgtd/socket.0"},
}


def main():
    """Entry point."""
    converge(PoolVolume, ARGUMENTS)


if __name__ == "__main__":
    main()
