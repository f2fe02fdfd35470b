#!/usr/bin/python
"""Ansible module: the servers of a host and their states."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_info
short_description: Servers of a host
description:
  - Lists the libvirt domains of servers with their states. Changes nothing; without any it returns an empty list.
extends_documentation_fragment:
  - tenrec.cloud.virtualization
attributes:
  check_mode:
    support: full
    description: Reads only.
author:
  - The Tenrec authors
"""

EXAMPLES = r"""
- name: Look at the servers
  tenrec.cloud.domain_info:
"""

RETURN = r"""
domains:
  description: The servers' domains, ordered by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The server's UUID.
      type: str
    state:
      description: One of V(running), V(paused), V(shutoff), V(crashed) and V(suspended).
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.libvirt_host import ARGUMENTS, LibvirtHost


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        host = LibvirtHost(module.params["uri"])
    except ItemError as problem:
        module.fail_json(msg=str(problem))
    servers = host.servers()
    host.close()
    module.exit_json(changed=False, domains=[{"id": each, "state": servers[each]} for each in sorted(servers)])


if __name__ == "__main__":
    main()
