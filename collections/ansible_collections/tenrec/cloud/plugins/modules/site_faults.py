#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Say everything that is wrong with a site at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_faults
short_description: Say everything that is wrong with a site at once
description:
  - Judges what an inventory says and what its hosts reported, and fails with all faults, one on each line.
  - Reads nothing from the hosts and changes nothing.
options:
  hosts:
    description: One entry for each host; see C(module_utils/site_faults.py) for its keys.
    type: list
    elements: dict
    required: true
  values:
    description: The site's values by name.
    type: dict
    required: true
  specification:
    description:
      - What each of these values must be, in the form of a role's argument_specs.
      - An empty one that is required is missing.
    type: dict
    required: true
  clock_seconds:
    description: How many seconds the hosts' clocks may be apart from the deploying machine's.
    type: float
    default: 5
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Say what is wrong
  tenrec.cloud.site_faults:
    hosts: "{{ groups['all'] | map('extract', hostvars, 'precheck_host') }}"
    values:
      region: "{{ region }}"
    specification:
      region: {type: str, required: true, description: Name of the region in the catalog.}
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
faults:
  description: What is wrong, a sentence each.
  returned: always
  type: list
  elements: str
  sample: ["storage1 cannot be reached: Connection refused"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.site_faults import faults_of_site


def main():
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "list", "elements": "dict", "required": True},
            "values": {"type": "dict", "required": True},
            "specification": {"type": "dict", "required": True},
            "clock_seconds": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    faults = faults_of_site(*(module.params[name] for name in ("hosts", "values", "specification", "clock_seconds")))
    if faults:
        listed = "".join(f"\n- {fault}" for fault in faults)
        module.fail_json(msg=f"{len(faults)} things are wrong with this site:{listed}", faults=faults)
    module.exit_json(changed=False, faults=[])


if __name__ == "__main__":
    main()
