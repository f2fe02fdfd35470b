#!/usr/bin/python
"""Ansible module: the volumes and exports of a storage node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: storage_info
short_description: Volumes and exports of a storage node
description:
  - Lists the volumes of the pool with their sizes, and those that are exported. Changes nothing.
options:
  pool:
    description: The folder of all volumes.
    type: path
    default: /var/lib/tenrec/volumes
  tgt:
    description: The management socket of tgtd.
    type: path
    default: /var/run/tgtd/socket.0
attributes:
  check_mode:
    support: full
    description: Reads only.
author:
  - The Tenrec authors
"""

EXAMPLES = r"""
- name: Look at the volumes
  tenrec.cloud.storage_info:
"""

RETURN = r"""
volumes:
  description: The volumes' files, ordered by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The volume's UUID.
      type: str
    size:
      description: Bytes.
      type: int
exports:
  description: Ids of the volumes that are exported.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.findings import sizes
from ansible_collections.tenrec.cloud.plugins.module_utils.target_daemon import TargetDaemon
from ansible_collections.tenrec.cloud.plugins.module_utils.volume_target import IQN_PREFIX

ANSWER_SECONDS = 30
ARGUMENTS = {
    "pool": {"type": "path", "default": "/var/lib/tenrec/volumes"},
    "tgt": {"type": "path", "default": "/var/run/tgtd/socket.0"},
}


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        targets = TargetDaemon(module.params["tgt"], Deadline(ANSWER_SECONDS)).targets()
    except ItemError as problem:
        module.fail_json(msg=str(problem))
    exports = sorted(name.removeprefix(IQN_PREFIX) for name in targets if name.startswith(IQN_PREFIX))
    module.exit_json(changed=False, volumes=sizes(module.params["pool"]), exports=exports)


if __name__ == "__main__":
    main()
