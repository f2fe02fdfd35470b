#!/usr/bin/python
"""Ansible module: a network in Open Virtual Network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logical_switch
short_description: Networks, with DHCP for their subnets
description:
  - Makes a logical switch for each network, with DHCP options for its subnets and, for an external network, the port
    that leads to the physical network.
  - Rows are named and tagged as Neutron's OVN driver does.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.ovn
options:
  items:
    description: Networks. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The network's UUID.
        type: str
        required: true
      name:
        description: The network's name, kept as it is.
        type: str
      mtu:
        description: The MTU offered by DHCP, in bytes.
        type: int
      external:
        description: Whether routers may have their gateway here.
        type: bool
      physical_network:
        description: The name in the chassis' bridge mappings; none for a network of its own.
        type: str
      segmentation_id:
        description: The VLAN on the physical network; none for untagged.
        type: int
      subnets:
        description: The subnets.
        type: list
        elements: dict
"""

EXAMPLES = r"""
- name: Apply a network
  tenrec.cloud.logical_switch:
    items:
      - id: 6a1f5d1e-65ee-4d7d-8d4c-4a5a7b7a6d38
        name: private
        mtu: 1442
        external: false
        subnets:
          - id: 0f2f1c34-6c0f-4c59-9f37-0b9d7e1b2f10
            name: private
            cidr: 10.0.0.0/24
            ip_version: 4
            gateway_ip: 10.0.0.1
            enable_dhcp: true
            dns_nameservers: [192.0.2.53]
            host_routes: []
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The network's UUID.
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
from ansible_collections.tenrec.cloud.plugins.module_utils.switch_rows import (
    ACL_COLUMNS,
    DHCP_COLUMNS,
    MEMBER_COLUMNS,
    PORT_COLUMNS,
    SWITCH_COLUMNS,
    found_switch,
    localnet_name,
    member_of,
    switch_document,
    switch_name,
)

SUBNET = {
    "id": {"type": "str", "required": True},
    "name": {"type": "str"},
    "cidr": {"type": "str", "required": True},
    "ip_version": {"type": "int"},
    "gateway_ip": {"type": "str"},
    "enable_dhcp": {"type": "bool", "default": True},
    "dns_nameservers": {"type": "list", "elements": "str"},
    "host_routes": {"type": "list", "elements": "dict"},
    "ipv6_address_mode": {"type": "str", "choices": ["dhcpv6-stateful", "dhcpv6-stateless", "slaac", None]},
}


class LogicalSwitch(NorthboundResource):
    """Networks as rows."""

    item_spec = {
        "name": {"type": "str", "default": ""},
        "mtu": {"type": "int", "default": 1442},
        "external": {"type": "bool", "default": False},
        "physical_network": {"type": "str"},
        "segmentation_id": {"type": "int"},
        "subnets": {"type": "list", "elements": "dict", "options": SUBNET},
    }

    def read(self, items):
        queries = []
        for item in items:
            network = item["id"]
            queries += [
                ("Logical_Switch", [("name", "==", switch_name(network))], SWITCH_COLUMNS),
                ("Logical_Switch_Port", [("name", "==", localnet_name(network))], PORT_COLUMNS),
                ("DHCP_Options", [("external_ids", "includes", {"tenrec:network_id": network})], DHCP_COLUMNS),
                ("Logical_Switch_Port", [("external_ids", "includes", member_of(network))], MEMBER_COLUMNS),
            ]
        answers = self.database.select(queries)
        switches = [only(rows) for rows in answers[0::4]]
        self._members = {item["id"]: rows for item, rows in zip(items, answers[3::4], strict=True)}
        acls = self.database.select_by_uuid("ACL", [switch and switch["acls"] for switch in switches], ACL_COLUMNS)
        return [
            found_switch(item["id"], *parts)
            for item, *parts in zip(items, switches, answers[1::4], answers[2::4], answers[3::4], acls, strict=True)
        ]

    def want(self, item, have):
        return switch_document(item, self._members[item["id"]], have)


def main():
    """Entry point."""
    converge(LogicalSwitch, ARGUMENTS)


if __name__ == "__main__":
    main()
