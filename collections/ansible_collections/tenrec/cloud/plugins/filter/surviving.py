"""Filter: the items that nothing has gone wrong with so far."""

from __future__ import annotations

DOCUMENTATION = r"""
name: surviving
short_description: Items without an error in the results of earlier tasks
description:
  - Leaves out of a list the items for which an earlier task of the playbook returned an error.
  - The strings of the items are passed on untouched, so that what a tenant typed stays data.
positional: registered
options:
  _input:
    description: List of dicts with C(id).
    type: list
    elements: dict
    required: true
  registered:
    description:
      - Results that were registered by earlier tasks, any number of them, each as an argument.
      - A skipped task has failed nothing. A task that failed without results has failed everything.
    type: raw
"""

EXAMPLES = r"""
- name: Apply what got its port
  tenrec.cloud.floating_ip:
    items: "{{ items | tenrec.cloud.surviving(ports) }}"
"""

RETURN = r"""
_value:
  description: The items that are left, in their order.
  type: list
  elements: dict
"""


def surviving(items, *registered):
    """The items that have no error in any of the registered results."""
    lost = set()
    for outcome in registered:
        results = outcome.get("results")
        if results is None and outcome.get("failed", False):
            return []
        lost.update(result["id"] for result in results or [] if "error" in result)
    return [item for item in items if item["id"] not in lost]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Filters by name."""
        return {"surviving": surviving}
