"""A volume's attachment to a domain as the engine of all modules sees it."""

from __future__ import annotations

from ansible_collections.tenrec.cloud.plugins.module_utils import libvirt_host
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import ItemError, Resource
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_xml import (
    attached_volumes,
    device_name,
    element_document,
    used_devices,
    volume_disk_document,
)

# A guest that is still booting does not hear that a disk shall go, and is told again.
ASK_AGAIN_SECONDS = 5


class DomainVolume(Resource):
    """Volumes as disks of domains: `next` for the definition that the domain starts with, `now` for the running one."""

    item_spec = {
        "server_id": {"type": "str", "required": True},
        "device": {"type": "str", "required": True},
        "iqn": {"type": "str", "required": True},
        "portal_host": {"type": "str"},
        "portal_port": {"type": "int", "default": 3260},
        "chap_username": {"type": "str"},
        "chap_password": {"type": "str", "no_log": True},
        "boot_index": {"type": "int"},
    }

    def open(self):
        self._libvirt = libvirt_host.LibvirtHost(self.params["uri"])

    def close(self):
        self._libvirt.close()

    def may_heal(self, problem):
        return libvirt_host.is_away(problem) or super().may_heal(problem)

    def read(self, items):
        return [self._have(item) for item in items]

    def want(self, item, have):
        if have is None or "now" not in have:
            raise ItemError(f"server {item['server_id']} is not defined on this host")
        missing = [name for name in ("portal_host", "chap_username", "chap_password") if not item[name]]
        if missing:
            raise ItemError(f"volume {item['id']} cannot be attached without {', '.join(missing)}")
        try:
            device = device_name(item["device"])
        except ValueError as problem:
            raise ItemError(str(problem)) from None
        return {"secret": True, "next": device, "now": device if have["active"] else None, "active": have["active"]}

    def apply(self, changes):
        (change,) = changes
        if change.want is None:
            self._detach(change.item)
        else:
            self._attach(change.item, change.have)

    def _have(self, item):
        domain = self._libvirt.find(item["server_id"])
        secret = self._libvirt.has_volume_secret(item["iqn"])
        if domain is None:
            return {"secret": True} if secret else None
        active = bool(domain.isActive())
        planned = _device_in(libvirt_host.persistent_document(domain), item)
        present = _device_in(libvirt_host.live_document(domain), item) if active else None
        if self.params["state"] == "absent" and not (secret or planned or present):
            return None
        return {"secret": secret, "next": planned, "now": present, "active": active}

    def _attach(self, item, have):
        domain = self._libvirt.find(item["server_id"])
        fresh_secret = not have["secret"]
        self._libvirt.set_volume_secret(item)
        try:
            if have["active"] and not have["now"]:
                self._attach_to(domain, item, libvirt_host.live_document(domain), now=True)
            if not have["next"]:
                self._attach_to(domain, item, libvirt_host.persistent_document(domain), now=False)
        except Exception:
            if fresh_secret:
                self._detach(item)
            raise

    def _attach_to(self, domain, item, document, now):
        device = device_name(item["device"])
        if device in used_devices(document):
            raise ItemError(f"device {device} of server {item['server_id']} is in use by another disk")
        libvirt_host.attach_device(domain, volume_disk_document(item), now)

    def _detach(self, item):
        domain = self._libvirt.find(item["server_id"])
        if domain is not None:
            if domain.isActive():
                self._release(domain, item)
            disk = _disk_in(libvirt_host.persistent_document(domain), item)
            if disk is not None:
                libvirt_host.detach_device(domain, element_document(disk), now=False)
        self._libvirt.remove_volume_secret(item["iqn"])

    def _release(self, domain, item):
        """Ask the guest for the disk until it has let go of it."""
        while (disk := _disk_in(libvirt_host.live_document(domain), item)) is not None:
            if self.deadline.passed:
                raise ItemError(f"the guest of server {item['server_id']} did not release volume {item['id']} in time")
            libvirt_host.detach_device(domain, element_document(disk), now=True)
            answer = Deadline(self.deadline.remaining(at_most=ASK_AGAIN_SECONDS))
            answer.wait_until(lambda: _disk_in(libvirt_host.live_document(domain), item) is None)


def _disk_in(document, item):
    found = attached_volumes(document).get(item["id"])
    return None if found is None else found["element"]


def _device_in(document, item):
    found = attached_volumes(document).get(item["id"])
    return None if found is None else found["device"]
