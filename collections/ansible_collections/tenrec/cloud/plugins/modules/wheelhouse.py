#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Gather the wheels of a Python environment into one archive, on the machine that deploys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Gather the wheels of a Python environment into one archive
description:
  - Runs where the deployment runs and downloads or builds, once, every wheel that an environment on the hosts needs.
  - The hosts then install from the archive with M(tenrec.cloud.python_environment) and need no package index.
  - The archive is made again when the requirements, a project's sources or the Python version change.
options:
  path:
    description:
      - The archive, an uncompressed tar file. Beside it lies C(<path>.inputs), the digest of what it was made from.
    type: path
    required: true
  requirements:
    description: Requirement specifiers, such as V(ovs==4.0.0).
    type: list
    elements: str
    default: []
  dependencies_of:
    description:
      - Folders of Python projects; what their C(pyproject.toml) lists as dependencies is added to the requirements.
    type: list
    elements: path
    default: []
  projects:
    description:
      - Folders of Python projects to be built, without what they depend on. Code changes more often than dependencies,
        so these two are best kept in archives of their own.
    type: list
    elements: path
    default: []
  collections:
    description: Folders of Ansible collections, each ending in namespace and name; each becomes a wheel too.
    type: list
    elements: path
    default: []
  python_version:
    description: The hosts' Python, major and minor. It must be that of the deploying machine.
    type: str
    required: true
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Gather the wheels of the nodes' environment
  tenrec.cloud.wheelhouse:
    path: .tenrec/wheels/node.tar
    requirements: [ovs==4.0.0]
    python_version: "3.11"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
path:
  description: The archive.
  returned: always
  type: str
wheels:
  description: File names of the wheels in the archive; empty in check mode when it is yet to be made.
  returned: always
  type: list
"""

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import tomllib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec.cloud.plugins.module_utils.collection_wheel import (
    collection_files,
    write_collection_wheel,
)

BUILD_RESIDUE = frozenset({"__pycache__", "build", "dist", ".pytest_cache", ".ruff_cache"})


def source_files(project):
    """Every file of `project` that can reach its wheel, as sorted relative paths."""
    found = []
    for folder, folders, files in os.walk(project):
        folders[:] = sorted(name for name in folders if name not in BUILD_RESIDUE and not name.endswith(".egg-info"))
        found += [os.path.relpath(os.path.join(folder, name), project) for name in files]
    return sorted(found)


def inputs_digest(requirements, sources, python_version):
    """SHA-256 of all that decides which wheels the archive holds, as hexadecimal digits.

    `sources`: folder -> the relative paths of its files that count.
    """
    digest = hashlib.sha256()
    for text in [python_version, *sorted(requirements)]:
        digest.update(text.encode() + b"\0")
    for folder, names in sources.items():
        for name in names:
            digest.update(name.encode() + b"\0")
            with open(os.path.join(folder, name), "rb") as content:
                digest.update(hashlib.sha256(content.read()).digest())
    return digest.hexdigest()


def dependencies(project):
    """The requirement specifiers in the project's pyproject.toml."""
    with open(os.path.join(project, "pyproject.toml"), "rb") as content:
        return tomllib.load(content)["project"].get("dependencies", [])


def read_text(path):
    """The text of a file, stripped, or "" when there is no such file."""
    try:
        with open(path, encoding="utf-8") as content:
            return content.read().strip()
    except FileNotFoundError:
        return ""


def wheel_names(archive):
    """The sorted file names in an archive that this module made."""
    with tarfile.open(archive) as content:
        return sorted(content.getnames())


def plain_member(member):
    """`member` with nothing of the deploying machine in it, so that equal wheels make an equal archive."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    member.mode = 0o644
    return member


def run_pip(module, wheels, arguments):
    """Run ``pip wheel``; ends the module with its last lines when it fails."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", wheels, *arguments]
    code, output, error = module.run_command(command)
    if code != 0:
        module.fail_json(msg="pip could not gather the wheels: " + "\n".join((output + error).splitlines()[-15:]))


def build(module, requirements, folder):
    """Download or build the wheels below `folder`; returns the folder that holds them."""
    wheels = os.path.join(folder, "wheels")
    os.makedirs(wheels)
    if requirements:
        run_pip(module, wheels, requirements)
    for index, project in enumerate(module.params["projects"]):
        # A copy is built, because setuptools leaves its residue beside what it builds.
        copy = os.path.join(folder, "source", str(index))
        for name in source_files(project):
            target = os.path.join(copy, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(project, name), target)
        run_pip(module, wheels, ["--no-deps", copy])
    for collection in module.params["collections"]:
        write_collection_wheel(collection, wheels)
    return wheels


def make_archive(module, requirements, path):
    """Write the archive and its digest file; each is complete or absent, never half written."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as folder:
        wheels = build(module, requirements, folder)
        new = os.path.join(folder, "archive.tar")
        with tarfile.open(new, "w") as archive:
            for name in sorted(os.listdir(wheels)):
                archive.add(os.path.join(wheels, name), arcname=name, filter=plain_member)
        module.atomic_move(new, path)


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "requirements": {"type": "list", "elements": "str", "default": []},
            "dependencies_of": {"type": "list", "elements": "path", "default": []},
            "projects": {"type": "list", "elements": "path", "default": []},
            "collections": {"type": "list", "elements": "path", "default": []},
            "python_version": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    path, wanted_python = module.params["path"], module.params["python_version"]
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != wanted_python:
        module.fail_json(
            msg=f"the hosts run Python {wanted_python} and this machine's Ansible runs Python {here}: "
            f"wheels made here would not load there; run Ansible with Python {wanted_python}"
        )
    sources = {project: source_files(project) for project in module.params["projects"]}
    sources |= {collection: collection_files(collection) for collection in module.params["collections"]}
    requirements = list(module.params["requirements"])
    for project in module.params["dependencies_of"]:
        requirements += dependencies(project)
    digest = inputs_digest(requirements, sources, wanted_python)
    stamp = path + ".inputs"
    changed = not os.path.exists(path) or read_text(stamp) != digest
    if changed and not module.check_mode:
        make_archive(module, requirements, path)
        with open(stamp, "w", encoding="utf-8") as content:
            content.write(digest + "\n")
    module.exit_json(changed=changed, path=path, wheels=wheel_names(path) if os.path.exists(path) else [])


if __name__ == "__main__":
    main()
