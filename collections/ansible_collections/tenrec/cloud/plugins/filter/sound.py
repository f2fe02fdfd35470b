"""Filter: the items that have not failed, nor any of their parts."""

from __future__ import annotations

from ansible_collections.tenrec.cloud.plugins.filter.parts import parts
from ansible_collections.tenrec.cloud.plugins.filter.surviving import surviving

DOCUMENTATION = r"""
name: sound
short_description: Items without an error of their own or of their parts
description:
  - Leaves out the items that have an error in the results of earlier tasks, or a part of which, such as a server's
    port, has one.
positional: key, registered
options:
  _input:
    description: List of dicts with C(id).
    type: list
    elements: dict
    required: true
  key:
    description: Where the items hold their parts, as with P(tenrec.cloud.parts#filter).
    type: str
    required: true
  registered:
    description:
      - Results that were registered by earlier tasks, as with P(tenrec.cloud.surviving#filter), any number of them.
      - One argument may be a list of them, one from each host of an earlier play.
    type: raw
"""

EXAMPLES = r"""
- name: Start the servers that have their ports
  tenrec.cloud.domain:
    items: "{{ items | tenrec.cloud.sound('ports', ports) }}"
"""

RETURN = r"""
_value:
  description: The items that are left, in their order.
  type: list
  elements: dict
"""


def sound(items, key, *registered):
    """The items that have no error in any of the registered results, neither of their own nor of a part under `key`."""
    outcomes = [each for given in registered for each in (given if isinstance(given, list) else [given])]
    left = []
    for item in items:
        concerned = [item, *parts([item], key)]
        if len(surviving(concerned, *outcomes)) == len(concerned):
            left.append(item)
    return left


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Filters by name."""
        return {"sound": sound}
