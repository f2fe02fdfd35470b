#!/usr/bin/python
"""Ansible module: what servers wrote to their serial console."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_console
short_description: Console output of servers
description:
  - Reads the end of what servers wrote to their serial console. Changes nothing.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.host_files.servers
options:
  items:
    description: Servers.
    suboptions:
      id:
        description: The server's UUID.
        type: str
        required: true
      length:
        description: How many lines, counted from the end; none for all.
        type: int
  at_most:
    description: Bytes to return at most for each server.
    type: int
    default: 262144
"""

EXAMPLES = r"""
- name: Read the console
  tenrec.cloud.domain_console:
    items:
      - id: 2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11
        length: 20
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The server's UUID.
      type: str
    output:
      description: The text; empty when the server never ran.
      type: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils import host_files
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import Resource, converge
from ansible_collections.tenrec.cloud.plugins.module_utils.server_files import ServerFolder

ARGUMENTS = {
    **host_files.SERVERS,
    "at_most": {"type": "int", "default": 262144},
}


class Console(Resource):
    """Consoles; what there is is what is wanted."""

    item_spec = {"length": {"type": "int"}}

    def read(self, items):
        folders = [ServerFolder(self.params["servers"], item["id"], owner="root") for item in items]
        return [
            {"output": folder.console(item["length"], self.params["at_most"])}
            for folder, item in zip(folders, items, strict=True)
        ]

    def want(self, item, have):
        return have

    def facts(self, change):
        return change.have


def main():
    """Entry point."""
    converge(Console, ARGUMENTS)


if __name__ == "__main__":
    main()
