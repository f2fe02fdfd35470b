#!/usr/bin/python
"""Ansible module: a floating IP in Open Virtual Network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: floating_ip
short_description: Floating IPs as address translation on a router
description:
  - Translates each floating IP to the fixed IP of its port, on the router between them, in both directions.
  - A floating IP without a router is bound to nothing and has no translation.
  - The router (M(tenrec.cloud.logical_router)) must be there.
  - Rows are tagged as Neutron's OVN driver does.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.ovn
options:
  items:
    description: Floating IPs. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The floating IP's UUID.
        type: str
        required: true
      floating_ip_address:
        description: The address outside.
        type: str
      fixed_ip_address:
        description: The port's address.
        type: str
      port_id:
        description: The UUID of the port.
        type: str
      router_id:
        description: The UUID of the router; none to bind the floating IP to nothing.
        type: str
"""

EXAMPLES = r"""
- name: Bind a floating IP
  tenrec.cloud.floating_ip:
    items:
      - id: b8a6f0d5-4d5c-4c07-a9b5-8d1f6b1e0c55
        floating_ip_address: 192.0.2.10
        fixed_ip_address: 10.0.0.5
        port_id: 9a1d7b58-3c1f-4f3f-8a53-7a4c1be0c1f2
        router_id: 4c3b2a19-0817-46f5-a4e3-d2c1b0a99887
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The floating IP's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.floating_rows import (
    NAT_COLUMNS,
    floating_document,
    found_floating,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound_resource import ARGUMENTS, NorthboundResource
from ansible_collections.tenrec.cloud.plugins.module_utils.router_rows import router_name


class FloatingIp(NorthboundResource):
    """Floating IPs as rows."""

    item_spec = {
        "floating_ip_address": {"type": "str"},
        "fixed_ip_address": {"type": "str"},
        "port_id": {"type": "str"},
        "router_id": {"type": "str"},
    }

    def read(self, items):
        found = self.database.select(
            [("NAT", [("external_ids", "includes", {"neutron:fip_id": item["id"]})], NAT_COLUMNS) for item in items]
        )
        wanted = sorted({item["router_id"] for item in items if item["router_id"]})
        holders = iter(
            self.database.select(
                [("Logical_Router", [("nat", "includes", [row["_uuid"]])], ("name",)) for rows in found for row in rows]
            )
        )
        documents = [found_floating(rows, [next(holders) for _row in rows]) for rows in found]
        routers = self.database.select(
            [("Logical_Router", [("name", "==", router_name(router))], ("name",)) for router in wanted]
        )
        self._routers = {router for router, rows in zip(wanted, routers, strict=True) if rows}
        return documents

    def want(self, item, have):
        router = item["router_id"]
        self.need(not router or router in self._routers, f"router {router} is not there")
        if router and not (item["floating_ip_address"] and item["fixed_ip_address"]):
            raise ItemError("a floating IP that is bound through a router needs a floating and a fixed IP address")
        return floating_document(item)


def main():
    """Entry point."""
    converge(FloatingIp, ARGUMENTS)


if __name__ == "__main__":
    main()
