#!/usr/bin/python
"""Ansible module: a security group in Open Virtual Network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_group
short_description: Security groups as port groups with stateful access rules
description:
  - Makes a port group for each security group, with one rule of access for each of its rules.
  - Ports come into it by M(tenrec.cloud.logical_port). What no group of a port allows is dropped.
  - Rows are named and tagged as Neutron's OVN driver does.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.ovn
options:
  items:
    description: Security groups. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The security group's UUID.
        type: str
        required: true
      name:
        description: The group's name, kept as it is.
        type: str
      rules:
        description:
          - The rules, with the keys of the Network API. All that is not allowed by one is dropped.
          - For ICMP C(port_range_min) is the type and C(port_range_max) the code.
        type: list
        elements: dict
"""

EXAMPLES = r"""
- name: Let SSH in from everywhere
  tenrec.cloud.port_group:
    items:
      - id: 3d7f9a5e-21b9-4c43-a6c5-1d4d0ac5a1c7
        name: ssh
        rules:
          - id: 5f0e2b61-6a4b-4c94-8f86-9f0a5d3b7e21
            direction: ingress
            ethertype: IPv4
            protocol: tcp
            port_range_min: 22
            port_range_max: 22
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The security group's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import converge
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound_resource import (
    ARGUMENTS,
    NorthboundResource,
    only,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.security_rows import (
    ACL_COLUMNS,
    GROUP_COLUMNS,
    found_group,
    group_document,
    group_name,
)

RULE = {
    "id": {"type": "str", "required": True},
    "direction": {"type": "str", "required": True, "choices": ["ingress", "egress"]},
    "ethertype": {"type": "str", "default": "IPv4", "choices": ["IPv4", "IPv6"]},
    "protocol": {"type": "str"},
    "port_range_min": {"type": "int"},
    "port_range_max": {"type": "int"},
    "remote_ip_prefix": {"type": "str"},
    "remote_group_id": {"type": "str"},
}


class PortGroup(NorthboundResource):
    """Security groups as rows."""

    item_spec = {
        "name": {"type": "str", "default": ""},
        "rules": {"type": "list", "elements": "dict", "options": RULE},
    }

    def read(self, items):
        answers = self.database.select(
            [("Port_Group", [("name", "==", group_name(item["id"]))], GROUP_COLUMNS) for item in items]
        )
        groups = [only(rows) for rows in answers]
        acls = self.database.select_by_uuid("ACL", [group and group["acls"] for group in groups], ACL_COLUMNS)
        return [found_group(group, rows) for group, rows in zip(groups, acls, strict=True)]

    def want(self, item, have):
        return group_document(item)


def main():
    """Entry point."""
    converge(PortGroup, ARGUMENTS)


if __name__ == "__main__":
    main()
