"""A server on its compute node as the engine of all modules sees it: what there is and what there should be."""

from __future__ import annotations

import pathlib

from ansible_collections.tenrec.cloud.plugins.module_utils import host_files, libvirt_host, local_ports
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway, ItemError, Resource
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_xml import (
    Host,
    attached_volumes,
    device_name,
    document_digest,
    domain_document,
)
from ansible_collections.tenrec.cloud.plugins.module_utils.server_files import ServerFolder

STATES = ["running", "shutoff", "rebooted", "absent"]
ARGUMENTS = {
    **libvirt_host.ARGUMENTS,
    "state": {"type": "str", "choices": STATES, "default": "running"},
    "grace": {"type": "int", "default": 30},
    **host_files.SERVERS,
    **host_files.IMAGE_CACHE,
    "virtualization_file": {"type": "path", "default": "/etc/tenrec/virtualization"},
    "open_vswitch": {"type": "str", "default": "unix:/var/run/openvswitch/db.sock"},
    "bridge": {"type": "str", "default": "br-int"},
    "wait_for_ports": {"type": "bool", "default": True},
    **host_files.OWNER,
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


def _has_disk(item):
    return item["image"] is not None or item["root_disk"]


def _device(volume):
    try:
        return device_name(volume["device"] or "")
    except ValueError as problem:
        raise ItemError(str(problem)) from None


class ServerDomain(Resource):
    """Servers as libvirt domains with their files."""

    item_spec = {
        "name": {"type": "str", "default": ""},
        "vcpus": {"type": "int"},
        "memory_mib": {"type": "int"},
        "root_gib": {"type": "int", "default": 0},
        "root_disk": {"type": "bool", "default": False},
        "started": {"type": "bool", "default": True},
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
                "state": "running" if item["started"] else "shutoff",
                "definition": definition,
                "volumes": {volume["id"]: _device(volume) for volume in item["volumes"]},
                "folder": True,
                "disk": _has_disk(item),
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
            if change.have is None:
                self._remove(change.item)
            elif change.have["definition"] is None:
                # A server that had lost its domain: its disk was there before, and stays.
                self._undefine(change.item)
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
        files = self._folder(item).paths(_has_disk(item), item["config_drive"] is not None)
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
            return {"state": "absent", "definition": None, "volumes": {}, **found}
        document = libvirt_host.persistent_document(domain)
        # One that is not persistent runs on without a definition, and is lost when it stops.
        definition = document_digest(document) or "foreign" if domain.isPersistent() else "lost"
        return {
            "state": libvirt_host.state_of(domain),
            "definition": definition,
            "volumes": {volume_id: each["device"] for volume_id, each in attached_volumes(document).items()},
            **found,
        }

    def _domain(self, item):
        domain = self._libvirt.find(item["id"])
        if domain is None:
            raise ItemError(f"server {item['id']} is not defined on this host")
        return domain

    def _be_running(self, change):
        libvirt_host.start(self._prepared(change))
        self._wait_for_ports(change.item)

    def _be_shutoff(self, change):
        libvirt_host.shut_down(self._prepared(change), self.deadline, self.params["grace"])

    def _prepared(self, change):
        """The domain; what a server needs is made first when the item says what that is."""
        if change.item["vcpus"] is None:
            return self._domain(change.item)
        return self._prepare(change)

    def _be_rebooted(self, change):
        domain = self._domain(change.item)
        if change.item["type"] == "SOFT":
            libvirt_host.shut_down(domain, self.deadline, self.params["grace"])
        else:
            libvirt_host.power_off(domain)
        libvirt_host.start(domain)

    def _prepare(self, change):
        """Make all that a server needs to start. Returns its domain."""
        item, have = change.item, change.have
        folder = self._folder(item)
        if item["root_disk"] and not folder.disk.exists():
            raise ItemError(f"the root disk of server {item['id']} is gone; what was on it cannot be had again")
        folder.make()
        if item["image"] is not None and not item["root_disk"]:
            folder.make_disk(item["image"], item["root_gib"], self.params["image_cache"], self.deadline)
        if item["config_drive"] is not None:
            folder.make_config_drive(item["config_drive"])
        for volume in item["volumes"]:
            self._libvirt.set_volume_secret(volume)
        document = self._document(item)
        domain = self._libvirt.find(item["id"])
        if domain is not None and have is not None:
            known = (have["definition"], have["volumes"])
            if known == (document_digest(document), change.want["volumes"]):
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

    def _undefine(self, item):
        domain = self._libvirt.find(item["id"])
        if domain is not None:
            libvirt_host.remove(domain)

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
