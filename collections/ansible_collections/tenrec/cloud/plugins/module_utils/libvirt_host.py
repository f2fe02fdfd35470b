"""The libvirt daemon of this host: connect, look up, start and stop, remove."""

from __future__ import annotations

import time

from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway, ItemError
from ansible_collections.tenrec.cloud.plugins.module_utils.domain_xml import (
    domain_name,
    server_id_of,
    volume_secret_document,
)

try:
    import libvirt
except ImportError:
    libvirt = None

ARGUMENTS = {"uri": {"type": "str", "default": "qemu:///system"}}
# A guest that is still booting misses the first press of its power button.
PRESS_AGAIN_SECONDS = 5


class LibvirtHost:
    """A connection to libvirt. Its methods may be called from several threads."""

    def __init__(self, uri):
        """Connect. Raises EngineAway when libvirt does not answer, ItemError when its library is missing."""
        if libvirt is None:
            raise ItemError("the Python library of libvirt is missing on this host; install Debian's python3-libvirt")
        # Without this libvirt prints every error to standard error, beside the module's result.
        libvirt.registerErrorHandler(lambda _context, _error: None, None)
        try:
            self._connection = libvirt.open(uri)
        except libvirt.libvirtError as problem:
            raise EngineAway(f"libvirt at {uri} cannot be reached: {problem}") from None

    def close(self):
        """End the connection."""
        self._connection.close()

    def find(self, server_id):
        """The domain of a server, or None."""
        try:
            return self._connection.lookupByName(domain_name(server_id))
        except libvirt.libvirtError as problem:
            if problem.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return None
            raise

    def define(self, document):
        """Define a domain, or change its definition. Returns it."""
        return self._connection.defineXML(document)

    def servers(self):
        """All servers' domains: dict of server id to (state, reason)."""
        found = {}
        for domain in self._connection.listAllDomains():
            server_id = server_id_of(domain.name())
            state = _gone_is_none(state_and_reason, domain) if server_id else None
            if state:
                found[server_id] = state
        return found

    def strays(self):
        """Names of the domains that are no server's."""
        names = [domain.name() for domain in self._connection.listAllDomains()]
        return sorted(name for name in names if server_id_of(name) is None)

    def set_volume_secret(self, volume):
        """Keep the CHAP password of a volume (a `volume_attach` item) for QEMU."""
        secret = self._connection.secretDefineXML(volume_secret_document(volume))
        secret.setValue(volume["chap_password"].encode(), 0)

    def has_volume_secret(self, iqn):
        """Whether there is a secret for an iSCSI target."""
        return self._volume_secret(iqn) is not None

    def remove_volume_secret(self, iqn):
        """Forget the secret of an iSCSI target, if there is one."""
        secret = self._volume_secret(iqn)
        if secret is not None:
            secret.undefine()

    def _volume_secret(self, iqn):
        try:
            return self._connection.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_ISCSI, iqn)
        except libvirt.libvirtError as problem:
            # A driver without secrets, such as libvirt's own for tests, has none either.
            if problem.get_error_code() in (libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_ERR_NO_SUPPORT):
                return None
            raise


def is_away(problem):
    """Whether an exception says that libvirt hung up, or was too busy: it may be starting again."""
    return (
        libvirt is not None
        and isinstance(problem, libvirt.libvirtError)
        and (
            problem.get_error_domain() in (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE)
            or problem.get_error_code() in (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_OPERATION_TIMEOUT)
        )
    )


def state_of(domain):
    """A domain's state: running, paused, shutoff, crashed or suspended."""
    return state_and_reason(domain)[0]


def state_and_reason(domain):
    """A domain's state, and why it is off: `shutdown` when its guest went by itself, else `destroyed`, `crashed`,
    `failed` or `unknown` (libvirtd has been started since). The reason of any other state is None.
    """
    state, reason = domain.state()
    if state in (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_BLOCKED, libvirt.VIR_DOMAIN_SHUTDOWN):
        return "running", None
    word = {
        libvirt.VIR_DOMAIN_PAUSED: "paused",
        libvirt.VIR_DOMAIN_CRASHED: "crashed",
        libvirt.VIR_DOMAIN_PMSUSPENDED: "suspended",
    }.get(state)
    if word is not None:
        return word, None
    reasons = {
        libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN: "shutdown",
        libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED: "destroyed",
        libvirt.VIR_DOMAIN_SHUTOFF_CRASHED: "crashed",
        libvirt.VIR_DOMAIN_SHUTOFF_FAILED: "failed",
    }
    return "shutoff", reasons.get(reason, "unknown")


def live_document(domain):
    """The XML of a domain as it is now."""
    return domain.XMLDesc()


def persistent_document(domain):
    """The XML with which a domain starts the next time."""
    return domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


def start(domain):
    """Start a domain unless it runs; a paused one goes on."""
    state = state_of(domain)
    if state == "paused":
        domain.resume()
    elif state == "suspended":
        domain.pMWakeup(0)
    elif state != "running":
        _unless_there(domain.create, domain.isActive)


def power_off(domain):
    """Take the power from a domain, if it has any."""
    if domain.isActive():
        _unless_there(domain.destroy, lambda: not domain.isActive())


def shut_down(domain, deadline, grace):
    """Ask the guest to shut down, and take the power after `grace` seconds (or at the deadline).

    Returns whether the guest went by itself.
    """
    pressed = None
    until = time.monotonic() + deadline.remaining(at_most=grace)
    while domain.isActive() and time.monotonic() < until:
        if pressed is None or time.monotonic() - pressed >= PRESS_AGAIN_SECONDS:
            _unless_there(domain.shutdown, lambda: not domain.isActive())
            pressed = time.monotonic()
        time.sleep(0.05)
    if not domain.isActive():
        return True
    power_off(domain)
    return False


def remove(domain):
    """Stop a domain and remove its definition with all that libvirt keeps of it."""
    document = persistent_document(domain)
    power_off(domain)
    flags = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    if "<nvram" in document:
        flags |= libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    _gone_is_none(domain.undefineFlags, flags)


def _unless_there(action, there):
    """Call `action`; its failure does not count when `there()` says that the domain has come there by itself."""
    try:
        action()
    except libvirt.libvirtError:
        if not there():
            raise


def _gone_is_none(function, *arguments):
    """Call `function`; None when the domain has gone meanwhile."""
    try:
        return function(*arguments)
    except libvirt.libvirtError as problem:
        if problem.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        return None


def attach_device(domain, document, now):
    """Attach a device to the running domain (`now`) or to the definition that it starts with."""
    domain.attachDeviceFlags(document, _scope(now))


def detach_device(domain, document, now):
    """Ask for a device of the running domain (`now`), which its guest releases later, or take it out of the definition.

    Not an error: the guest has been asked already, or the device or the domain has just gone.
    """
    try:
        domain.detachDeviceFlags(document, _scope(now))
    except libvirt.libvirtError as problem:
        asked_already = "already in the process of unplug" in str(problem)
        gone = problem.get_error_code() in (libvirt.VIR_ERR_DEVICE_MISSING, libvirt.VIR_ERR_NO_DOMAIN)
        if not (asked_already or gone or (now and not domain.isActive())):
            raise


def _scope(now):
    return libvirt.VIR_DOMAIN_AFFECT_LIVE if now else libvirt.VIR_DOMAIN_AFFECT_CONFIG
