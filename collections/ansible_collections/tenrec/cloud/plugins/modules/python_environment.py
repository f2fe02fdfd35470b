#!/usr/bin/python
# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""Keep a virtual environment on a host equal to archives of wheels."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_environment
short_description: Keep a virtual environment equal to archives of wheels
description:
  - Makes the environment when it is absent, installs the wheels of the archives without any package index, and
    reinstalls only those that changed since.
  - The environment has no pip of its own; the wheel of pip that Debian ships for C(venv) does the work.
options:
  path:
    description: The environment's folder.
    type: path
    required: true
  archives:
    description: The archives on this host, as M(tenrec.cloud.wheelhouse) makes them. A wheel is in one of them only.
    type: list
    elements: path
    required: true
  system_site_packages:
    description: Whether the environment sees the distribution's Python packages.
    type: bool
    default: false
author:
  - Tenrec (@tenrec)
"""

EXAMPLES = r"""
- name: Install the environment of the modules
  tenrec.cloud.python_environment:
    path: /opt/tenrec/node
    archives: [/var/cache/tenrec/node.tar]
    system_site_packages: true
"""

RETURN = r"""
installed:
  description: File names of the wheels that were, or in check mode would be, installed.
  returned: always
  type: list
"""

import glob
import hashlib
import json
import os
import sys
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule

RECORD = "wheels.json"
PIP_WHEELS = "/usr/share/python-wheels/pip-*.whl"


def wheels_in(archives):
    """File name -> (SHA-256, archive) of each wheel in the archives that are there."""
    found = {}
    for archive in filter(os.path.exists, archives):
        with tarfile.open(archive) as content:
            for member in content.getmembers():
                found[member.name] = hashlib.sha256(content.extractfile(member).read()).hexdigest(), archive
    return found


def extract(sources, install, folder):
    """Put the wheels `install` into `folder`; returns their paths. `sources`: as `wheels_in` says."""
    for archive in sorted({sources[name][1] for name in install}):
        with tarfile.open(archive) as content:
            for name in install:
                if sources[name][1] == archive:
                    content.extract(name, folder)
    return [os.path.join(folder, name) for name in install]


def wheels_installed(path):
    """File name -> SHA-256 as recorded by the last installation; empty when there was none."""
    try:
        with open(os.path.join(path, RECORD), encoding="utf-8") as content:
            return json.load(content)
    except FileNotFoundError:
        return {}


def project_of(wheel):
    """The project that a wheel file holds: ``flask-3.1.0-py3-none-any.whl`` -> ``flask``."""
    return wheel.split("-", 1)[0]


def difference(have, want):
    """What turns `have` into `want`: (wheels to install, projects to remove first), both sorted."""
    install = sorted(name for name, digest in want.items() if have.get(name) != digest)
    remove = sorted({project_of(name) for name, digest in have.items() if want.get(name) != digest})
    return install, remove


def run(module, command):
    """Run `command`; ends the module with its last lines when it fails."""
    code, output, error = module.run_command(command)
    if code != 0:
        module.fail_json(msg=f"{command[0]} failed: " + "\n".join((output + error).splitlines()[-15:]))


def pip(module, path):
    """The command that runs pip for the environment `path`."""
    found = sorted(glob.glob(PIP_WHEELS))
    if not found:
        module.fail_json(msg=f"no {PIP_WHEELS}: install the package python3-venv")
    return [sys.executable, os.path.join(found[-1], "pip"), "--python", path, "--no-input", "--quiet", "--no-cache-dir"]


def apply(module, path, sources, install, remove):
    """Make the environment hold exactly the wheels of `sources`."""
    if not os.path.exists(os.path.join(path, "bin", "python")):
        site = ["--system-site-packages"] if module.params["system_site_packages"] else []
        run(module, [sys.executable, "-m", "venv", "--without-pip", *site, path])
    if remove:
        run(module, [*pip(module, path), "uninstall", "--yes", *remove])
    if install:
        with tempfile.TemporaryDirectory(dir=module.tmpdir) as folder:
            # What the distribution installed is not this environment's to remove: hence --ignore-installed.
            options = ["--no-index", "--no-deps", "--ignore-installed", "--no-compile"]
            run(module, [*pip(module, path), "install", *options, *extract(sources, install, folder)])
    # Compiled now, by as many processes as there are processors, because the services may not write where they run.
    # Some packages carry templates that are no valid Python; those stay uncompiled and the exit code says no more.
    python = os.path.join(path, "bin", "python")
    module.run_command([python, "-m", "compileall", "-qq", "-j", "0", os.path.join(path, "lib")])
    with open(os.path.join(path, RECORD), "w", encoding="utf-8") as content:
        json.dump({name: digest for name, (digest, _) in sources.items()}, content, indent=1, sort_keys=True)


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "archives": {"type": "list", "elements": "path", "required": True},
            "system_site_packages": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    path, archives = module.params["path"], module.params["archives"]
    missing = [archive for archive in archives if not os.path.exists(archive)]
    if missing and not module.check_mode:
        module.fail_json(msg=f"{missing[0]}: no such archive; make it with tenrec.cloud.wheelhouse and copy it here")
    have, sources = wheels_installed(path), wheels_in(archives)
    want = {name: digest for name, (digest, _) in sources.items()}
    install, remove = difference(have, want)
    changed = bool(install or remove) or not os.path.exists(path)
    if changed and not module.check_mode:
        apply(module, path, sources, install, remove)
    module.exit_json(
        changed=changed,
        installed=install,
        diff={"before": "\n".join(sorted(have)) + "\n", "after": "\n".join(sorted(want)) + "\n"},
    )


if __name__ == "__main__":
    main()
