#!/usr/bin/python
"""Ansible module: servers as libvirt domains."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: Servers as libvirt domains
description:
  - Makes each server's root disk (an overlay of a cached image), config drive and domain, starts it, and waits until
    OVN has set up its ports; starts, stops, reboots and removes servers.
  - What a failed item has made is removed again, unless the server was there before.
extends_documentation_fragment:
  - tenrec.cloud.convergence
  - tenrec.cloud.virtualization
  - tenrec.cloud.host_files.servers
  - tenrec.cloud.host_files.image_cache
  - tenrec.cloud.host_files.owner
options:
  items:
    description: Servers. An item with only C(id) is one that is defined already.
    suboptions:
      id:
        description: The server's UUID, which is the domain's and the SMBIOS UUID too.
        type: str
        required: true
      name:
        description: The server's name, kept as the domain's metadata.
        type: str
      vcpus:
        description: Number of virtual CPUs.
        type: int
      memory_mib:
        description: Memory in MiB.
        type: int
      root_gib:
        description: Size of the root disk in GiB; 0 for the image's own size. A disk smaller than its image is refused.
        type: int
        default: 0
      root_disk:
        description: The server has a root disk already, whether its image is still known or not. It is never made.
        type: bool
        default: false
      started:
        description: Whether a server that is made shall run. Without, it is made and stays off.
        type: bool
        default: true
      image:
        description: The image of the root disk, C(id), C(disk_format) and C(sha512); none when a volume boots.
        type: dict
      ports:
        description: Ports in the order of their interfaces, C(id), C(mac_address) and C(mtu) of each.
        type: list
        elements: dict
      volumes:
        description: Volumes that the server starts with, as M(tenrec.cloud.domain_volume) takes them.
        type: list
        elements: dict
      config_drive:
        description: Documents C(meta_data), C(network_data), C(vendor_data), and C(user_data) in base64.
        type: dict
      type:
        description: How to reboot, V(SOFT) through the guest's power button or V(HARD).
        type: str
        choices: [SOFT, HARD]
        default: HARD
  state:
    description:
      - V(running) makes what is missing and starts the server.
      - V(shutoff) presses the power button, and takes the power when that did not help.
      - V(rebooted) reboots on each run.
      - V(absent) removes the domain, its files and its secrets.
    type: str
    choices: [running, shutoff, rebooted, absent]
    default: running
  grace:
    description: Seconds that a guest has to shut down by itself.
    type: int
    default: 30
  virtualization_file:
    description: A file that says V(kvm) or V(qemu), libvirt's domain type on this host.
    type: path
    default: /etc/tenrec/virtualization
  open_vswitch:
    description: Where the host's Open vSwitch database listens.
    type: str
    default: unix:/var/run/openvswitch/db.sock
  bridge:
    description: The integration bridge.
    type: str
    default: br-int
  wait_for_ports:
    description: Whether a server is running only when OVN has set up its ports.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Start a server
  tenrec.cloud.domain:
    items:
      - id: 2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11
        name: web
        vcpus: 1
        memory_mib: 256
        root_gib: 1
        image:
          id: 7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77
          disk_format: qcow2
          sha512: "{{ image_sha512 }}"
        ports:
          - id: 1f0c7c58-6d52-4d1b-b1a5-6d1b6a0d7f01
            mac_address: fa:16:3e:00:00:01
            mtu: 1442
        config_drive:
          meta_data:
            uuid: 2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11
            hostname: web
"""

RETURN = r"""
results:
  description: One for each item, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The server's UUID.
      type: str
    changed:
      description: Whether something was, or would be, changed. Absent when there is an error.
      type: bool
    error:
      description: Why the item could not be done.
      type: str
"""

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import converge
from ansible_collections.tenrec.cloud.plugins.module_utils.server_domain import ARGUMENTS, ServerDomain


def main():
    """Entry point."""
    converge(ServerDomain, ARGUMENTS)


if __name__ == "__main__":
    main()
