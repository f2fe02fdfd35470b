#!/usr/bin/python
"""Ansible module: volumes as iSCSI targets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_export
short_description: Volumes exported by iSCSI
description:
  - Exports each volume as LUN 1 of a target of its own that asks for a CHAP password, and keeps that for the next
    start of tgtd.
  - With O(state=absent) the sessions of initiators are closed.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
options:
  items:
    description: Attachments, as M(tenrec.cloud.domain_volume) takes them. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The volume's UUID.
        type: str
        required: true
      iqn:
        description: The target's name; C(iqn.2010-10.org.openstack:volume-) and the volume's UUID.
        type: str
      chap_username:
        description: The CHAP account, one for each attachment.
        type: str
      chap_password:
        description: The account's password.
        type: str
  pool:
    description: The folder of all volumes.
    type: path
    default: /var/lib/tenrec/volumes
  configuration:
    description: The folder from which tgtd's targets are made when it starts.
    type: path
    default: /etc/tgt/conf.d
  tgt:
    description: The socket of tgtd.
    type: path
    default: /var/run/tgtd/socket.0
  addresses:
    description: Addresses that initiators may come from.
    type: list
    elements: str
    default: [ALL]
"""

EXAMPLES = r"""
- name: Export a volume
  tenrec.cloud.volume_export:
    items:
      - id: 0d7e3c57-0c6e-4b86-8f0e-7b1df7a0a001
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

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import STATE_ARGUMENT, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.volume_target import VolumeTarget

ARGUMENTS = {
    **STATE_ARGUMENT,
    "pool": {"type": "path", "default": "/var/lib/tenrec/volumes"},
    "configuration": {"type": "path", "default": "/etc/tgt/conf.d"},
    "tgt": {"type": "path", "default": "/var/run/tgtd/socket.0"},
    "addresses": {"type": "list", "elements": "str", "default": ["ALL"]},
}


def main():
    """Entry point."""
    converge(VolumeTarget, ARGUMENTS)


if __name__ == "__main__":
    main()
