#!/usr/bin/python
"""Ansible module: the servers of a host and their states."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_info
short_description: Servers of a host
description:
  - Lists the libvirt domains of servers with their states, all other domains, and the folders of servers. Says which
    start of the host this is. Changes nothing.
extends_documentation_fragment:
  - tenrec.cloud.virtualization
  - tenrec.cloud.host_files.servers
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
    reason:
      description:
        - Why a domain is V(shutoff); null in any other state.
        - V(shutdown) is the guest's own doing, V(host) that of the host, which goes down itself. V(unknown) is all that
          libvirt knows after it was started anew.
      type: str
stray_domains:
  description: Names of the domains that are no server's.
  returned: success
  type: list
  elements: str
server_folders:
  description: Ids of the servers that have files here.
  returned: success
  type: list
  elements: str
boot:
  description: Another one after each start of the host.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils import host_files
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.findings import boot_of_host, off_with_host, uuid_names
from ansible_collections.tenrec.cloud.plugins.module_utils.libvirt_host import ARGUMENTS, LibvirtHost


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec={**ARGUMENTS, **host_files.SERVERS}, supports_check_mode=True)
    try:
        host = LibvirtHost(module.params["uri"])
    except ItemError as problem:
        module.fail_json(msg=str(problem))
    servers, strays = off_with_host(host.servers()), host.strays()
    host.close()
    module.exit_json(
        changed=False,
        domains=[{"id": each, "state": servers[each][0], "reason": servers[each][1]} for each in sorted(servers)],
        stray_domains=strays,
        server_folders=[path.name for path in uuid_names(module.params["servers"])],
        boot=boot_of_host(),
    )


if __name__ == "__main__":
    main()
