"""A server on its compute node as the engine of all modules sees it: what there is and what there should be."""

from __future__ import annotations

import pathlib

from ansible_collections.tenrec.cloud.plugins.module_utils import libvirt_host, local_ports
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway, ItemError, Resource
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_xml import (
    Host,
    attached_volumes,
    document_digest,
    domain_document,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.server_files import ServerFolder

STATES = ["running", "shutoff", "rebooted", "absent"]
ARGUMENTS = {
    **libvirt_host.ARGUMENTS,
    "state": {"type": "str", "choices": STATES, "default": "running"},
    "grace": {"type": "int", "default": 30},
    "servers": {"type": "path", "default": "/var/lib/tenrec/servers"},
    "image_cache": {"type": "path", "default": "/var/lib/tenrec/image-cache"},
    "virtualization_file": {"type": "path", "default": "/etc/tenrec/virtualization"},
    "open_vswitch": {"type": "str", "default": "unix:/var/run/openvswitch/db.sock"},
    "bridge": {"type": "str", "default": "br-int"},
    "wait_for_ports": {"type": "bool", "default": True},
    "owner": {"type": "str", "default": "libvirt-qemu"},
}
VOLUME = {
    "id": {"type": "str", "required": True},
    "server_id": {"type": "str"},
    "device": {"type": "str"},
    "iqn": {"type": "str"},
    "portal_host": {"type": "str"},
    "portal_port": {"type": "int", "default": 3260},
    "chap_username": {"type": "str"},
    "chap_password": {"type": "str", "no_log": True},
    "boot_index": {"type": "int"},
}
IMAGE = {
    "id": {"type": "str", "required": True},
    "disk_format": {"type": "str", "required": True},
    "sha512": {"type": "str", "required": True},
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
}
CONFIG_DRIVE = {
    "meta_data": {"type": "dict"},
    "network_data": {"type": "dict"},
    "user_data": {"type": "str"},
    "vendor_data": {"type": "dict"},
}
# A port works some tens of milliseconds after its domain starts; a chassis that is catching up may take longer.
PORTS_SECONDS = 30
# Kept of the deadline for taking away what a failed item made.
CLEANUP_SECONDS = 3


class ServerDomain(Resource):
    """Servers as libvirt domains with their files."""

    item_spec = {
        "name": {"type": "str", "default": ""},
        "vcpus": {"type": "int"},
        "memory_mib": {"type": "int"},
        "root_gib": {"type": "int", "default": 0},
        "image": {"type": "dict", "options": IMAGE},
        "ports": {"type": "list", "elements": "dict", "default": []},
        "volumes": {"type": "list", "elements": "dict", "options": VOLUME, "default": []},
        "config_drive": {"type": "dict", "options": CONFIG_DRIVE},
        "type": {"type": "str", "choices": ["SOFT", "HARD"], "default": "HARD"},
    }
    # Starting a domain is mostly waiting for QEMU; more side by side than this only makes each of them late.
    workers = 8

    def open(self):
        self._libvirt = libvirt_host.LibvirtHost(self.params["uri"])
        self._host = None
        if any("vcpus" in item for item in self.params["items"]):
            self._host = self._read_host()

    def close(self):
        self._libvirt.close()

    def may_heal(self, problem):
        return libvirt_host.is_away(problem) or super().may_heal(problem)

    def read(self, items):
        return [self._have(item) for item in items]

    def want(self, item, have):
        state = self.params["state"]
        if state == "running" and item["vcpus"] is not None:
            if item["memory_mib"] is None:
                raise ItemError("a new server needs memory_mib")
            definition = document_digest(self._document(item))
            return {
                "state": "running",
                "definition": definition,
                "folder": True,
                "disk": item["image"] is not None,
                "config_drive": item["config_drive"] is not None,
            }
        if have is None or have["definition"] is None:
            raise ItemError(f"server {item['id']} is not defined on this host")
        # "rebooted" is a state that nothing has: each run reboots.
        return {**have, "state": state}

    def apply(self, changes):
        (change,) = changes
        if change.want is None:
            self._remove(change.item)
            return
        try:
            getattr(self, f"_be_{change.want['state']}")(change)
        except Exception:
            if change.have is None or change.have["definition"] is None:
                self._remove(change.item)
            raise

    def _read_host(self):
        try:
            virtualization = pathlib.Path(self.params["virtualization_file"]).read_text().strip()
        except OSError as problem:
            raise ItemError(f"how servers are virtualized here is not known: {problem}") from None
        userspace = False
        if any(item.get("ports") for item in self.params["items"]):
            userspace = local_ports.uses_userspace_datapath(
                self.params["open_vswitch"], self.params["bridge"], self.deadline
            )
        return Host(virtualization, userspace, self.params["bridge"])

    def _folder(self, item):
        return ServerFolder(self.params["servers"], item["id"], self.params["owner"])

    def _document(self, item):
        files = self._folder(item).paths(item["image"] is not None, item["config_drive"] is not None)
        try:
            return domain_document(item, self._host, files)
        except ValueError as problem:
            raise ItemError(str(problem)) from None

    def _have(self, item):
        found = self._folder(item).found()
        domain = self._libvirt.find(item["id"])
        if domain is None and not found["folder"]:
            return None
        if domain is None:
            return {"state": "absent", "definition": None, **found}
        document = libvirt_host.persistent_document(domain)
        return {"state": libvirt_host.state_of(domain), "definition": document_digest(document) or "foreign", **found}

    def _domain(self, item):
        domain = self._libvirt.find(item["id"])
        if domain is None:
            raise ItemError(f"server {item['id']} is not defined on this host")
        return domain

    def _be_running(self, change):
        item = change.item
        if item["vcpus"] is not None:
            domain = self._prepare(item)
        else:
            domain = self._domain(item)
        libvirt_host.start(domain)
        self._wait_for_ports(item)

    def _be_shutoff(self, change):
        libvirt_host.shut_down(self._domain(change.item), self.deadline, self.params["grace"])

    def _be_rebooted(self, change):
        domain = self._domain(change.item)
        if change.item["type"] == "SOFT":
            libvirt_host.shut_down(domain, self.deadline, self.params["grace"])
        else:
            libvirt_host.power_off(domain)
        libvirt_host.start(domain)

    def _prepare(self, item):
        """Make all that a server needs to start. Returns its domain."""
        folder = self._folder(item)
        folder.make()
        if item["image"] is not None:
            folder.make_disk(item["image"], item["root_gib"], self.params["image_cache"], self.deadline)
        if item["config_drive"] is not None:
            folder.make_config_drive(item["config_drive"])
        for volume in item["volumes"]:
            self._libvirt.set_volume_secret(volume)
        document = self._document(item)
        domain = self._libvirt.find(item["id"])
        if domain is not None:
            known = libvirt_host.persistent_document(domain)
            if document_digest(known) == document_digest(document):
                return domain
        return self._libvirt.define(document)

    def _wait_for_ports(self, item):
        ports = [port["id"] for port in item["ports"]]
        if not ports or not self.params["wait_for_ports"]:
            return
        seconds = max(0.0, self.deadline.remaining(at_most=PORTS_SECONDS) - CLEANUP_SECONDS)
        late = local_ports.late_ports(self.params["open_vswitch"], ports, seconds)
        if late:
            # northd or the host's ovn-controller may just be starting again.
            raise EngineAway(f"OVN did not set up port {', '.join(late)} on this host within {seconds:.0f} seconds")

    def _remove(self, item):
        domain = self._libvirt.find(item["id"])
        volumes = {volume["iqn"] for volume in item["volumes"] if volume["iqn"]}
        if domain is not None:
            volumes |= {each["iqn"] for each in attached_volumes(libvirt_host.persistent_document(domain)).values()}
            libvirt_host.remove(domain)
        # After a run that died half-way there may be a secret without a domain.
        for iqn in sorted(volumes):
            self._libvirt.remove_volume_secret(iqn)
        self._folder(item).remove()
