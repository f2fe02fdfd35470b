#!/usr/bin/python
"""Ansible module: a router in Open Virtual Network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logical_router
short_description: Routers, with their interfaces, gateway, routes and source NAT
description:
  - Makes a logical router for each router, with both ends of each of its ports.
  - The gateway is carried by the network nodes, which are the chassis that say C(enable-chassis-as-gw) in their
    C(ovn-cms-options). When one fails the next takes over. What is a gateway stays one as long as it is there.
  - The networks (M(tenrec.cloud.logical_switch)) must be there.
  - Rows are named and tagged as Neutron's OVN driver does.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.convergence.state
  - tenrec.cloud.ovn
options:
  items:
    description: Routers. With O(state=absent) only C(id) is looked at.
    suboptions:
      id:
        description: The router's UUID.
        type: str
        required: true
      name:
        description: The router's name, kept as it is.
        type: str
      admin_state_up:
        description: Whether it carries traffic.
        type: bool
      interfaces:
        description:
          - Its ports on tenant networks.
          - With C(ipv6_ra_mode) it sends router advertisements there.
        type: list
        elements: dict
      gateway:
        description: Its port on an external network; none without one.
        type: dict
      snat_cidrs:
        description: Networks whose traffic to the outside carries the gateway's address.
        type: list
        elements: str
      routes:
        description: Static routes, each with C(destination) and C(nexthop).
        type: list
        elements: dict
"""

EXAMPLES = r"""
- name: Apply a router between a network and the outside
  tenrec.cloud.logical_router:
    items:
      - id: 4c3b2a19-0817-46f5-a4e3-d2c1b0a99887
        name: edge
        interfaces:
          - port_id: 1f0e9d8c-7b6a-4958-8473-625140392817
            mac_address: fa:16:3e:00:00:10
            network_id: 6a1f5d1e-65ee-4d7d-8d4c-4a5a7b7a6d38
            cidrs: [10.0.0.1/24]
        gateway:
          port_id: 2e1d0c9b-8a79-4685-9574-635241302918
          mac_address: fa:16:3e:00:00:11
          network_id: 7b2f6e2f-76ff-4e8e-9e5d-5b6b8c8b7e49
          cidrs: [192.0.2.2/24]
          gateway_ip: 192.0.2.1
          enable_snat: true
          mtu: 1500
        snat_cidrs: [10.0.0.0/24]
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The router's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
    gateway_chassis:
      description: The chassis that may carry the gateway, the first choice first. Empty without a gateway.
      type: list
      elements: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import converge
from ansible_collections.tenrec.cloud.plugins.module_utils.northbound_resource import (
    ARGUMENTS,
    NorthboundResource,
    only,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.ovsdb import Ovsdb, as_list
from ansible_collections.tenrec.cloud.plugins.module_utils.router_rows import (
    CHASSIS_COLUMNS,
    NAT_COLUMNS,
    PORT_COLUMNS,
    ROUTE_COLUMNS,
    ROUTER_COLUMNS,
    SWITCH_PORT_COLUMNS,
    found_router,
    have_priorities,
    router_document,
    router_name,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.switch_rows import switch_name

INTERFACE = {
    "port_id": {"type": "str", "required": True},
    "mac_address": {"type": "str", "required": True},
    "network_id": {"type": "str", "required": True},
    "cidrs": {"type": "list", "elements": "str", "required": True},
    "mtu": {"type": "int"},
}
ROUTE = {"destination": {"type": "str", "required": True}, "nexthop": {"type": "str", "required": True}}
# A subnet without automatic addresses has none of them.
ADDRESS_MODES = ["slaac", "dhcpv6-stateful", "dhcpv6-stateless", None]


class LogicalRouter(NorthboundResource):
    """Routers as rows."""

    item_spec = {
        "name": {"type": "str", "default": ""},
        "admin_state_up": {"type": "bool", "default": True},
        "interfaces": {
            "type": "list",
            "elements": "dict",
            "options": {**INTERFACE, "ipv6_ra_mode": {"type": "str", "choices": ADDRESS_MODES}},
        },
        "gateway": {
            "type": "dict",
            "options": {
                **INTERFACE,
                "gateway_ip": {"type": "str"},
                "enable_snat": {"type": "bool", "default": True},
            },
        },
        "snat_cidrs": {"type": "list", "elements": "str"},
        "routes": {"type": "list", "elements": "dict", "options": ROUTE},
    }

    def read(self, items):
        answers = self.database.select(
            [("Logical_Router", [("name", "==", router_name(item["id"]))], ROUTER_COLUMNS) for item in items]
        )
        routers = [only(rows) for rows in answers]
        ports = self._children("Logical_Router_Port", routers, "ports", PORT_COLUMNS)
        routes = self._children("Logical_Router_Static_Route", routers, "static_routes", ROUTE_COLUMNS)
        translations = self._children("NAT", routers, "nat", NAT_COLUMNS)
        documents = []
        for item, router, router_ports, *rest in zip(items, routers, ports, routes, translations, strict=True):
            chassis = self._children("Gateway_Chassis", router_ports, "gateway_chassis", CHASSIS_COLUMNS)
            names = {row["name"].removeprefix("lrp-") for row in router_ports}
            names.update(port["port_id"] for port in self._wanted_ports(item))
            switch_ports = self.database.select(
                [("Logical_Switch_Port", [("name", "==", name)], SWITCH_PORT_COLUMNS) for name in sorted(names)]
            )
            switch_ends = [row for rows in switch_ports for row in rows]
            groups = self.database.select(
                [("Port_Group", [("ports", "includes", [row["_uuid"]])], ("name",)) for row in switch_ends]
            )
            documents.append(found_router(router, router_ports, chassis, switch_ends, groups, *rest))
        self._read_surroundings(items)
        return documents

    def _children(self, table, parents, column, columns):
        return self.database.select_by_uuid(table, [parent and parent[column] for parent in parents], columns)

    def _wanted_ports(self, item):
        if self.params["state"] == "absent":
            return []
        return [*(item["interfaces"] or []), *as_list(item["gateway"])]

    def _read_surroundings(self, items):
        """Read which of the networks are there and, when a router has a gateway, which chassis may carry it."""
        networks = sorted({port["network_id"] for item in items for port in self._wanted_ports(item)})
        answers = self.database.select(
            [("Logical_Switch", [("name", "==", switch_name(network))], ("name",)) for network in networks]
        )
        self._networks = {network for network, rows in zip(networks, answers, strict=True) if rows}
        self._gateway_chassis = []
        if self.params["state"] == "present" and any(item["gateway"] for item in items):
            self._gateway_chassis = self._read_gateway_chassis()

    def _read_gateway_chassis(self):
        southbound = Ovsdb(self.params["southbound"], "OVN_Southbound", self.deadline)
        try:
            rows = southbound.select([("Chassis", [], ("name", "other_config", "external_ids"))])[0]
        finally:
            southbound.close()
        return [
            row["name"]
            for row in rows
            # Newer releases of OVN write it to the one column, older ones to the other, those between to both.
            if any(
                "enable-chassis-as-gw" in row[column].get("ovn-cms-options", "").split(",")
                for column in ("other_config", "external_ids")
            )
        ]

    def want(self, item, have):
        for port in self._wanted_ports(item):
            self.need(port["network_id"] in self._networks, f"network {port['network_id']} is not there")
        return router_document(item, self._gateway_chassis, have_priorities(have))

    def facts(self, change):
        priorities = have_priorities(change.want)
        return {"gateway_chassis": sorted(priorities, key=lambda name: -priorities[name])}


def main():
    """Entry point."""
    converge(LogicalRouter, ARGUMENTS)


if __name__ == "__main__":
    main()
