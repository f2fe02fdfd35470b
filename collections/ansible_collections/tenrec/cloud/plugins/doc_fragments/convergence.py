"""Documentation that all modules share."""


class ModuleDocFragment:
    """Options of the want/have engine, `module_utils/convergence.py`."""

    DOCUMENTATION = r"""
options:
  items:
    description:
      - What to work on, all of it in one go.
      - An item that cannot be done does not keep the others from being done.
    type: list
    elements: dict
    required: true
  deadline:
    description: Seconds after which the module waits no longer.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    description: Reads what there is and says what would change.
  diff_mode:
    support: full
    description: Shows the documents of each item that differs.
author:
  - The Tenrec authors
"""

    STATE = r"""
options:
  state:
    description: Whether the items shall be there.
    type: str
    choices: [present, absent]
    default: present
"""
