#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Keep a certificate authority and the hosts' certificates in a folder of the deploying machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates
short_description: Keep a certificate authority and the certificates of hosts
description:
  - Makes, in one folder, an authority (C(ca.pem), C(ca.key)) and for each host C(<name>.pem) and C(<name>.key).
  - A certificate is made anew when it is absent, nears its end, was signed by another authority, or when the host's
    names changed.
  - Private keys are readable by their owner only.
requirements: [cryptography >= 42]
options:
  directory:
    description: The folder. It is made with mode 0700.
    type: path
    required: true
  authority_name:
    description: Common name of the authority.
    type: str
    required: true
  hosts:
    description: One entry for each host.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: File name and common name.
        type: str
        required: true
      names:
        description: DNS names of the host.
        type: list
        elements: str
        default: []
      addresses:
        description: IP addresses of the host.
        type: list
        elements: str
        default: []
  authority_days:
    description: Days that a new authority is valid.
    type: int
    default: 3650
  days:
    description: Days that a new certificate is valid.
    type: int
    default: 825
  renew_days:
    description: A certificate that ends in fewer days than this is made anew.
    type: int
    default: 60
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Make the certificates
  tenrec.cloud.certificates:
    directory: .tenrec/credentials/allinone/tls
    authority_name: Tenrec allinone
    hosts:
      - name: controller-1
        names: [controller-1]
        addresses: [192.0.2.10]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
made:
  description: What was, or in check mode would be, made, each with the reason.
  returned: always
  type: dict
  sample: {"controller-1": "its names are others"}
"""

import os
import re
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.tenrec.cloud.plugins.module_utils import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def read_pair(directory, name):
    """(certificate, key) of `name`, or None when either file is absent."""
    try:
        with open(os.path.join(directory, name + ".pem"), "rb") as content:
            certificate = load_pem_x509_certificate(content.read())
        with open(os.path.join(directory, name + ".key"), "rb") as content:
            key = load_pem_private_key(content.read(), password=None)
    except FileNotFoundError:
        return None
    return certificate, key


def write_pair(directory, name, certificate, key):
    """Write both files; the key goes first, so that a certificate never lies there without its key."""
    for suffix, content, mode in (
        (".key", x509.key_pem(key), 0o600),
        (".pem", x509.certificate_pem(certificate), 0o644),
    ):
        path = os.path.join(directory, name + suffix)
        new = path + ".new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        os.replace(new, path)


def converge_authority(options, directory, check_mode, made):
    """The authority's (certificate, key), made when it is absent or unfit; None in check mode when it would be."""
    pair = read_pair(directory, "ca")
    reason = x509.why_authority_unfit(*pair, options["renew_days"]) if pair else "it is absent"
    if not reason:
        return pair
    made["ca"] = reason
    if check_mode:
        return None
    key = x509.new_key()
    pair = x509.make_authority(key, options["authority_name"], options["authority_days"]), key
    write_pair(directory, "ca", *pair)
    return pair


def converge_host(host, options, directory, authority, check_mode, made):
    """Make the certificate of one host unless it is fit. `authority` is None when check mode would make that anew."""
    alternatives = x509.alternative_names(host["names"], host["addresses"])
    pair = read_pair(directory, host["name"])
    if pair is None:
        reason = "it is absent"
    elif authority is None:
        reason = "another authority signed it"
    else:
        reason = x509.why_unfit(*pair, authority[0], host["name"], alternatives, options["renew_days"])
    if not reason:
        return
    made[host["name"]] = reason
    if not check_mode:
        key = x509.new_key()
        certificate = x509.make_certificate(*authority, key.public_key(), host["name"], alternatives, options["days"])
        write_pair(directory, host["name"], certificate, key)


def main():
    host_spec = {
        "name": {"type": "str", "required": True},
        "names": {"type": "list", "elements": "str", "default": []},
        "addresses": {"type": "list", "elements": "str", "default": []},
    }
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "authority_name": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "dict", "required": True, "options": host_spec},
            "authority_days": {"type": "int", "default": 3650},
            "days": {"type": "int", "default": 825},
            "renew_days": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography"), exception=IMPORT_ERROR)
    options, directory = module.params, module.params["directory"]
    for host in options["hosts"]:
        if not FILE_NAME.fullmatch(host["name"]) or host["name"] == "ca":
            module.fail_json(
                msg=f"hosts: {host['name']!r} cannot name a file; use letters, digits, '.', '_', '-', and not 'ca'"
            )
    if not module.check_mode:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    made = {}
    try:
        authority = converge_authority(options, directory, module.check_mode, made)
        for host in options["hosts"]:
            converge_host(host, options, directory, authority, module.check_mode, made)
    except ValueError as error:
        module.fail_json(msg=f"{directory}: {error}")
    after = "".join(f"{name}: made, because {reason}\n" for name, reason in made.items())
    module.exit_json(changed=bool(made), made=made, diff={"before": "", "after": after})


if __name__ == "__main__":
    main()
