# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""A collection as a wheel, so that it is installed, upgraded and removed with the environment that runs it.

Ansible finds collections in a folder ``ansible_collections``; in a wheel that folder lands in ``site-packages``.
The format is that of the binary distribution format specification of the Python Packaging Authority, version 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile

# What a collection needs to run; its tests and change logs stay behind.
PARTS = ("galaxy.yml", "meta", "playbooks", "plugins", "roles")
EARLIEST = (1980, 1, 1, 0, 0, 0)


def collection_files(collection):
    """The sorted relative paths of what belongs into the wheel of the collection in the folder `collection`."""
    found = []
    for part in PARTS:
        top = os.path.join(collection, part)
        if os.path.isfile(top):
            found.append(part)
        for folder, folders, files in os.walk(top):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            found += [os.path.relpath(os.path.join(folder, name), collection) for name in files]
    return sorted(found)


def record_line(name, content):
    """One line of RECORD: path, digest, length in bytes."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def write_collection_wheel(collection, folder):
    """Write the wheel of `collection` (a folder ``.../<namespace>/<name>``) into `folder`; returns its path.

    Equal sources make an equal wheel, byte for byte.
    """
    namespace, name = os.path.abspath(collection).split(os.sep)[-2:]
    distribution, version = f"{namespace}_{name}_collection", "1.0.0"
    information = f"{distribution}-{version}.dist-info"
    members = []
    for path in collection_files(collection):
        with open(os.path.join(collection, path), "rb") as source:
            members.append((f"ansible_collections/{namespace}/{name}/{path}", source.read()))
    metadata = f"Metadata-Version: 2.1\nName: {distribution.replace('_', '-')}\nVersion: {version}\n"
    wheel = "Wheel-Version: 1.0\nGenerator: tenrec\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members += [(f"{information}/METADATA", metadata.encode()), (f"{information}/WHEEL", wheel.encode())]
    record = "".join(record_line(path, content) for path, content in members) + f"{information}/RECORD,,\n"
    members.append((f"{information}/RECORD", record.encode()))
    target = os.path.join(folder, f"{distribution}-{version}-py3-none-any.whl")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members:
            entry = zipfile.ZipInfo(path, EARLIEST)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target
