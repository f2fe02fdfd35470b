#!/usr/bin/python
"""Ansible module: the image files of the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Image files of the controller
description:
  - Lists the files of images with their sizes. Changes nothing.
options:
  images:
    description: The folder of all image files.
    type: path
    default: /var/lib/tenrec/images
attributes:
  check_mode:
    support: full
    description: Reads only.
author:
  - The Tenrec authors
"""

EXAMPLES = r"""
- name: Look at the images
  tenrec.cloud.image_info:
"""

RETURN = r"""
images:
  description: The images' files, ordered by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The image's UUID.
      type: str
    size:
      description: Bytes.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.findings import sizes


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"images": {"type": "path", "default": "/var/lib/tenrec/images"}}, supports_check_mode=True
    )
    module.exit_json(changed=False, images=sizes(module.params["images"]))


if __name__ == "__main__":
    main()
