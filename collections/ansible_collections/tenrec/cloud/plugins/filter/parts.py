"""Filter: the parts of items, such as the ports of servers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: parts
short_description: The parts of items, each once
description:
  - Lists the documents that items hold under a key, such as the ports and volumes of servers or their image.
  - A part that several items share comes once, so that it is worked on once.
positional: key
options:
  _input:
    description: List of dicts.
    type: list
    elements: dict
    required: true
  key:
    description: Where the items hold a list of parts, one part, or nothing.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Fetch the images of servers
  tenrec.cloud.image_cache:
    items: "{{ items | tenrec.cloud.parts('image') }}"
"""

RETURN = r"""
_value:
  description: The parts in their order.
  type: list
  elements: dict
"""


def parts(items, key):
    """The documents under `key` of all items, each id once, in their order; `key` holds a list, a document or None."""
    found = {}
    for item in items:
        value = item.get(key)
        for part in value if isinstance(value, list) else [value] if value else []:
            found.setdefault(part["id"], part)
    return list(found.values())


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Filters by name."""
        return {"parts": parts}
