#!/usr/bin/python
"""Ansible module: a port in Open Virtual Network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logical_port
short_description: Ports of networks
description:
  - Makes a logical switch port for each port, with its addresses, port security, DHCP and membership in
    security groups.
  - The network (M(tenrec.cloud.logical_switch)) and the security groups (M(tenrec.cloud.port_group)) must be there.
  - A port that belongs to a router is left to M(tenrec.cloud.logical_router).
  - Rows are named and tagged as Neutron's OVN driver does.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.ovn
options:
  items:
    description: Ports. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The port's UUID.
        type: str
        required: true
      name:
        description: The port's name, kept as it is.
        type: str
      network_id:
        description: The UUID of its network.
        type: str
      mac_address:
        description: Its MAC address.
        type: str
      fixed_ips:
        description: Its addresses, each with C(subnet_id) and C(ip_address).
        type: list
        elements: dict
      mtu:
        description: The network's MTU. Not used here.
        type: int
      admin_state_up:
        description: Whether it carries traffic.
        type: bool
      port_security_enabled:
        description: Whether it may send from its own addresses only, and security groups hold.
        type: bool
      allowed_address_pairs:
        description: Further addresses that it may send from, each with C(mac_address) and C(ip_address).
        type: list
        elements: dict
      security_group_ids:
        description: The UUIDs of its security groups.
        type: list
        elements: str
      device_id:
        description: What it is plugged into.
        type: str
      device_owner:
        description: The kind of that.
        type: str
"""

EXAMPLES = r"""
- name: Apply a port
  tenrec.cloud.logical_port:
    items:
      - id: 9a1d7b58-3c1f-4f3f-8a53-7a4c1be0c1f2
        name: web
        network_id: 6a1f5d1e-65ee-4d7d-8d4c-4a5a7b7a6d38
        mac_address: fa:16:3e:00:00:01
        fixed_ips:
          - subnet_id: 0f2f1c34-6c0f-4c59-9f37-0b9d7e1b2f10
            ip_address: 10.0.0.5
        security_group_ids:
          - 3d7f9a5e-21b9-4c43-a6c5-1d4d0ac5a1c7
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The port's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
"""

import contextlib

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound import operations
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound_resource import (
    ARGUMENTS,
    NorthboundResource,
    only,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import OvsdbConflict
from ansible_collections.tenrec.cloud.plugins.module_utils.port_rows import (
    PORT_COLUMNS,
    ROUTER_OWNERS,
    found_port,
    port_document,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.security_rows import (
    DROP_GROUP,
    drop_document,
    group_name,
    is_group_name,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.switch_rows import switch_name

FIXED_IP = {"subnet_id": {"type": "str", "required": True}, "ip_address": {"type": "str", "required": True}}
ADDRESS_PAIR = {"mac_address": {"type": "str"}, "ip_address": {"type": "str", "required": True}}


class LogicalPort(NorthboundResource):
    """Ports as rows."""

    item_spec = {
        "name": {"type": "str", "default": ""},
        "network_id": {"type": "str"},
        "mac_address": {"type": "str"},
        "fixed_ips": {"type": "list", "elements": "dict", "options": FIXED_IP},
        "mtu": {"type": "int"},
        "admin_state_up": {"type": "bool", "default": True},
        "port_security_enabled": {"type": "bool", "default": True},
        "allowed_address_pairs": {"type": "list", "elements": "dict", "options": ADDRESS_PAIR},
        "security_group_ids": {"type": "list", "elements": "str"},
        "device_id": {"type": "str", "default": ""},
        "device_owner": {"type": "str", "default": ""},
    }

    def read(self, items):
        answers = self.database.select(
            [("Logical_Switch_Port", [("name", "==", item["id"])], PORT_COLUMNS) for item in items]
        )
        ports = [only(rows) for rows in answers]
        self._read_surroundings(items)
        there = [port["_uuid"] for port in ports if port is not None]
        answers = self.database.select([("Port_Group", [("ports", "includes", [port])], ("name",)) for port in there])
        groups = {
            port: [group for group in rows if is_group_name(group["name"])]
            for port, rows in zip(there, answers, strict=True)
        }
        return [found_port(port, groups.get(port and port["_uuid"], [])) for port in ports]

    def _read_surroundings(self, items):
        """Read what ports refer to: networks, security groups, and DHCP options by subnet."""
        if self.params["state"] == "absent":
            return
        networks = sorted({item["network_id"] for item in items if item["network_id"]})
        groups = sorted({group for item in items for group in item["security_group_ids"] or []})
        subnets = sorted({fixed["subnet_id"] for item in items for fixed in item["fixed_ips"] or []})
        answers = self.database.select(
            [("Logical_Switch", [("name", "==", switch_name(network))], ("name",)) for network in networks]
            + [("Port_Group", [("name", "==", group_name(group))], ("name",)) for group in groups]
            + [("Port_Group", [("name", "==", DROP_GROUP)], ("name",))]
            + [
                ("DHCP_Options", [("external_ids", "includes", {"subnet_id": subnet})], ("_uuid",))
                for subnet in subnets
            ]
        )
        rows = iter(answers)
        self._networks = {network for network in networks if next(rows)}
        self._groups = {group for group in groups if next(rows)}
        self._drops = bool(next(rows))
        self._dhcp = {subnet: found[0]["_uuid"] for subnet in subnets if (found := next(rows))}

    def want(self, item, have):
        if item["device_owner"] in ROUTER_OWNERS:
            # Whatever there is: nothing, or the router's end, or a tenant's port that the router has not taken yet.
            return have
        for required in ("network_id", "mac_address"):
            if not item[required]:
                raise ItemError(f"a port needs a {required}")
        self.need(item["network_id"] in self._networks, f"network {item['network_id']} is not there")
        for group in item["security_group_ids"] or []:
            self.need(group in self._groups, f"security group {group} is not there")
        return port_document(item, self._dhcp)

    def apply(self, changes):
        if self.params["state"] == "present" and not self._drops:
            self._make_default_drop()
        super().apply(changes)

    def _make_default_drop(self):
        # A conflict says that another run has just made it.
        with contextlib.suppress(OvsdbConflict):
            self.database.transact(operations(None, drop_document()).all)
        self._drops = True


def main():
    """Entry point."""
    converge(LogicalPort, ARGUMENTS)


if __name__ == "__main__":
    main()
