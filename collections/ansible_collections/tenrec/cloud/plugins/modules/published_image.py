#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Keep a file of this host published as an image of the cloud."""

from __future__ import annotations

DOCUMENTATION = r"""
module: published_image
short_description: Keep a file published as an image of the cloud
description:
  - Uploads the file through the image API as a public image of the account's project, unless an image of that name
    holds the same bytes.
  - When the file changed, the new image is uploaded first; the older ones of that name are removed after it is active.
options:
  name:
    description: Name of the image.
    type: str
    required: true
  path:
    description: The file.
    type: path
    required: true
  disk_format:
    description: Its format.
    type: str
    choices: [raw, qcow2]
    default: qcow2
  min_disk:
    description: GiB of disk that a server needs for it.
    type: int
    default: 0
  min_ram:
    description: MiB of memory that a server needs for it.
    type: int
    default: 0
  properties:
    description: Further properties of the image.
    type: dict
    default: {}
  auth_url:
    description: Identity endpoint, version 3.
    type: str
    required: true
  ca_file:
    description: Authority of the endpoint's certificate.
    type: path
    required: true
  username:
    description: Account that may publish images.
    type: str
    required: true
  password:
    description: Its password.
    type: str
    required: true
  project:
    description: Project to which the image belongs.
    type: str
    required: true
  domain:
    description: Domain of the account and the project.
    type: str
    default: Default
  deadline:
    description: Seconds for all of it.
    type: int
    default: 300
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Publish the tiny image
  tenrec.cloud.published_image:
    name: tiny
    path: /var/lib/tenrec/guest-images/tiny.qcow2
    auth_url: https://cloud.example/identity/v3
    ca_file: /etc/tenrec/tls/ca.pem
    username: admin
    password: "{{ admin_password }}"
    project: admin
"""

RETURN = r"""
image_id:
  description: The image's id, empty in check mode when there is none yet.
  returned: always
  type: str
"""

import hashlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.image_api import ApiError, ImageApi, wait_until_active


def sha512_of(path):
    """The SHA-512 of a file, in hexadecimal."""
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha512").hexdigest()


def wanted_document(options):
    """What the image shall be, besides its bytes."""
    properties = {key: str(value) for key, value in options["properties"].items()}
    return {
        **properties,
        "name": options["name"],
        "visibility": "public",
        "container_format": "bare",
        "disk_format": options["disk_format"],
        "min_disk": options["min_disk"],
        "min_ram": options["min_ram"],
    }


def choose(images, digest):
    """The image that holds the bytes, or None, and all others of the name."""
    current = next(
        (image for image in images if image["status"] == "active" and image["os_hash_value"] == digest), None
    )
    return current, [image for image in images if image is not current]


def differences(image, wanted):
    """The properties of `wanted` that are others in `image`."""
    return {key: value for key, value in wanted.items() if image.get(key) != value}


def upload(api, options, wanted, deadline):
    """Register the image, send its bytes and wait until it is active. Leaves nothing behind when that fails."""
    image_id = api.create(wanted)["id"]
    try:
        api.upload(image_id, options["path"], os.path.getsize(options["path"]))
        return wait_until_active(api, image_id, deadline)
    except ApiError:
        api.delete(image_id)
        raise


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "disk_format": {"type": "str", "choices": ["raw", "qcow2"], "default": "qcow2"},
            "min_disk": {"type": "int", "default": 0},
            "min_ram": {"type": "int", "default": 0},
            "properties": {"type": "dict", "default": {}},
            "auth_url": {"type": "str", "required": True},
            "ca_file": {"type": "path", "required": True},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "project": {"type": "str", "required": True},
            "domain": {"type": "str", "default": "Default"},
            "deadline": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    options = module.params
    deadline = Deadline(options["deadline"])
    wanted = wanted_document(options)
    try:
        digest = sha512_of(options["path"])
        api = ImageApi(options, options["ca_file"], timeout=120)
        current, others = choose(api.images(options["name"]), digest)
        changes = differences(current, wanted) if current else wanted
        before = {key: current.get(key) for key in changes} if current else {}
        if not module.check_mode:
            if current is None:
                current = upload(api, options, wanted, deadline)
            elif changes:
                api.update(current["id"], changes)
            for image in others:
                api.delete(image["id"])
    except (ApiError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(changes or others),
        image_id=current["id"] if current else "",
        diff={
            "before": {"older images": [image["id"] for image in others], **before},
            "after": {"older images": [], **changes},
        },
    )


if __name__ == "__main__":
    main()
