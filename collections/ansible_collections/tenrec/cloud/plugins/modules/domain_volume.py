#!/usr/bin/python
"""Ansible module: volumes of servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_volume
short_description: Volumes attached to servers
description:
  - Attaches exported volumes to servers and detaches them, now when the server runs, and for its next starts.
  - QEMU itself speaks iSCSI to the storage node; libvirt keeps the CHAP password as a private secret.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.virtualization
options:
  items:
    description: Attachments.
    suboptions:
      id:
        description: The volume's UUID, which is the disk's serial too.
        type: str
        required: true
      server_id:
        description: The server's UUID.
        type: str
        required: true
      device:
        description: The disk's name, such as V(/dev/vdb). A guest may name it otherwise.
        type: str
        required: true
      iqn:
        description: The iSCSI target; the volume is its LUN 1.
        type: str
        required: true
      portal_host:
        description: The storage node's address.
        type: str
      portal_port:
        description: The storage node's port.
        type: int
        default: 3260
      chap_username:
        description: The CHAP account.
        type: str
      chap_password:
        description: The CHAP account's password.
        type: str
      boot_index:
        description: Not used here; M(tenrec.cloud.domain) boots from the volume whose index is 0.
        type: int
"""

EXAMPLES = r"""
- name: Attach a volume
  tenrec.cloud.domain_volume:
    items:
      - id: 0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001
        server_id: 2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11
        device: /dev/vdb
        iqn: iqn.2010-10.org.openstack:volume-0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001
        portal_host: 192.0.2.10
        chap_username: 0d7e3c57
        chap_password: "{{ chap_password }}"
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

from ansible_collections.tenrec.cloud.plugins.module_utils import libvirt_host
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import STATE_ARGUMENT, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_attachment import DomainVolume


def main():
    """Entry point."""
    converge(DomainVolume, {**libvirt_host.ARGUMENTS, **STATE_ARGUMENT})


if __name__ == "__main__":
    main()
