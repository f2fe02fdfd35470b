#!/usr/bin/python
"""Ansible module: whose rows OVN's northbound database has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: northbound_info
short_description: Whose rows OVN's northbound database has
description:
  - Lists the networks, routers, ports, security groups and floating IPs that have rows in the northbound database, by
    the names and tags that the other modules give them. Rows of other makes are left out. Changes nothing.
options:
  northbound:
    description: Where the northbound database listens, V(unix:PATH) or V(tcp:ADDRESS:PORT).
    type: str
    default: unix:/var/run/ovn/ovnnb_db.sock
attributes:
  check_mode:
    support: full
    description: Reads only.
author:
  - The Tenrec authors
"""

EXAMPLES = r"""
- name: Look at the virtual networks
  tenrec.cloud.northbound_info:
"""

RETURN = r"""
northbound:
  description:
    - Ids by what they are of, V(network), V(router), V(port), V(security_group) and V(floating_ip); sorted.
    - The port of a network that leads to its physical network is not among the ports.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound_owners import QUERIES, owners
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import Ovsdb, OvsdbError

ANSWER_SECONDS = 30


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"northbound": {"type": "str", "default": "unix:/var/run/ovn/ovnnb_db.sock"}},
        supports_check_mode=True,
    )
    try:
        database = Ovsdb(module.params["northbound"], "OVN_Northbound", Deadline(ANSWER_SECONDS))
        rows = database.select(QUERIES)
        database.close()
    except OvsdbError as problem:
        module.fail_json(msg=str(problem))
    module.exit_json(changed=False, northbound=owners(*rows))


if __name__ == "__main__":
    main()
