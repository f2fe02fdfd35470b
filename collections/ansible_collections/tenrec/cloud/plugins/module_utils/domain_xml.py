"""libvirt documents built as element trees: the domain of a server, the disk of a volume, the secret of a volume.

Pure: nothing here reads the host. What a tenant typed becomes text or an attribute of an element and never XML of
its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import xml.etree.ElementTree as ET

METADATA_NAMESPACE = "urn:tenrec:server:1"
# A hot-plugged disk or interface on q35 takes one root port, and QEMU cannot add root ports to a running
# machine. Each costs a guest without KVM some 30 ms of its boot.
SPARE_ROOT_PORTS = 8
# TCG keeps translated code for ever; without a bound a long-lived guest takes up to a gigabyte for it.
TRANSLATION_CACHE_MIB = 128
OFFLOADS = {"csum": "off", "tso4": "off", "tso6": "off", "ecn": "off", "ufo": "off"}
# The characters that XML 1.0 (section 2.2) has no way to write.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ET.register_namespace("tenrec", METADATA_NAMESPACE)


@dataclasses.dataclass(frozen=True)
class Host:
    """What a domain must know of the host that it runs on.

    `virtualization`: libvirt's domain type, `kvm` or `qemu`. `userspace_datapath`: Open vSwitch moves packets itself
    and takes them only with complete checksums. `bridge`: the integration bridge.
    """

    virtualization: str = "kvm"
    userspace_datapath: bool = False
    bridge: str = "br-int"


@dataclasses.dataclass(frozen=True)
class ServerFiles:
    """Absolute paths of one server's files; `disk` is None when a volume boots, `config_drive` when there is none."""

    console_log: str
    disk: str | None = None
    config_drive: str | None = None


def domain_name(server_id):
    """The name of a server's libvirt domain."""
    return f"server-{server_id}"


def server_id_of(name):
    """The server's id in a domain's name, or None for a domain that is no server's."""
    prefix, _dash, server_id = name.partition("-")
    return server_id if prefix == "server" and server_id else None


def require_xml_text(text, what):
    """Return `text`. Raises ValueError, naming `what`, when it has a character that XML cannot hold."""
    bad = FORBIDDEN.search(text)
    if bad:
        raise ValueError(
            f"{what} has the character U+{ord(bad.group()):04X} at position {bad.start()}, which XML cannot hold"
        )
    return text


def device_name(device):
    """`/dev/vdb` or `vdb` as libvirt's target name `vdb`. Raises ValueError for what is no virtio disk's name."""
    name = device.removeprefix("/dev/")
    if not re.fullmatch(r"vd[a-z]{1,2}", name):
        raise ValueError(f"device '{device}' is no virtio disk; valid are /dev/vda to /dev/vdzz")
    return name


def domain_document(server, host, files):
    """The domain of a server as XML text.

    Arguments: server: `id name vcpus memory_mib ports[] volumes[]` as in the contract of `server_create`. host: Host.
    files: ServerFiles. Raises ValueError for names that XML cannot hold.
    """
    domain, about = _domain(server, host, files)
    # The digest stands for the document as it was made: libvirt adds to what it keeps. Not for the name and the
    # volumes, which change while the server runs.
    lasting, _about = _domain({**server, "name": "", "volumes": []}, host, files)
    about.set("digest", hashlib.sha256(_serialised(lasting).encode()).hexdigest())
    return _serialised(domain)


def _domain(server, host, files):
    """The domain's element, and the one in its metadata that the digest goes into."""
    server_id = server["id"]
    domain = ET.Element("domain", type=host.virtualization)
    _text(domain, "name", domain_name(server_id))
    _text(domain, "uuid", server_id)
    metadata = ET.SubElement(domain, "metadata")
    about = ET.SubElement(metadata, f"{{{METADATA_NAMESPACE}}}server")
    name = ET.SubElement(about, f"{{{METADATA_NAMESPACE}}}name")
    name.text = require_xml_text(server["name"], f"the name of server {server_id}")
    _text(domain, "memory", str(server["memory_mib"]), unit="MiB")
    _text(domain, "vcpu", str(server["vcpus"]), placement="static")
    _system_information(domain, server_id)
    operating_system = ET.SubElement(domain, "os")
    _text(operating_system, "type", "hvm", arch="x86_64", machine="q35")
    ET.SubElement(operating_system, "smbios", mode="sysinfo")
    _features(domain, host)
    ET.SubElement(domain, "cpu", mode="host-model" if host.virtualization == "kvm" else "maximum")
    _clock(domain)
    for event, action in (("poweroff", "destroy"), ("reboot", "restart"), ("crash", "destroy")):
        _text(domain, f"on_{event}", action)
    domain.append(_devices(server, host, files))
    return domain, about


def document_digest(xml):
    """The digest in a domain document that this module made, also after libvirt has rewritten it; None without one."""
    about = _parsed(xml).find(f"metadata/{{{METADATA_NAMESPACE}}}server")
    return None if about is None else about.get("digest")


def volume_disk(volume, boot_order=None):
    """The disk element of an attached volume: QEMU itself speaks iSCSI to the storage node.

    Arguments: volume: a `volume_attach` item. boot_order: 1 when the server boots from it.
    """
    disk = ET.Element("disk", type="network", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="raw", cache="none", discard="unmap")
    source = ET.SubElement(disk, "source", protocol="iscsi", name=f"{volume['iqn']}/1")
    ET.SubElement(source, "host", name=volume["portal_host"], port=str(volume["portal_port"]))
    auth = ET.SubElement(source, "auth", username=volume["chap_username"])
    ET.SubElement(auth, "secret", type="iscsi", usage=volume["iqn"])
    ET.SubElement(disk, "target", dev=device_name(volume["device"]), bus="virtio")
    if boot_order:
        ET.SubElement(disk, "boot", order=str(boot_order))
    _text(disk, "serial", volume["id"])
    return disk


def volume_disk_document(volume):
    """`volume_disk` as XML text, for attaching it to a domain."""
    return _serialised(volume_disk(volume))


def volume_secret_document(volume):
    """The libvirt secret that holds a volume's CHAP password.

    Private: no client can read its value back. Not ephemeral: it outlives libvirtd, so that the server can start again.
    """
    secret = ET.Element("secret", ephemeral="no", private="yes")
    _text(secret, "uuid", volume["id"])
    _text(secret, "description", f"CHAP password of volume {volume['id']}")
    usage = ET.SubElement(secret, "usage", type="iscsi")
    _text(usage, "target", volume["iqn"])
    return _serialised(secret)


def attached_volumes(xml):
    """The iSCSI disks of a domain document: dict of volume id to `{"device", "iqn", "element"}`."""
    found = {}
    for disk in _parsed(xml).iterfind("devices/disk[@type='network']"):
        source, serial = disk.find("source"), disk.findtext("serial")
        if source is not None and source.get("protocol") == "iscsi" and serial:
            iqn = source.get("name", "").rpartition("/")[0]
            found[serial] = {"device": disk.find("target").get("dev"), "iqn": iqn, "element": disk}
    return found


def used_devices(xml):
    """The target names (`vda`, ...) of all disks of a domain document."""
    return {target.get("dev") for target in _parsed(xml).iterfind("devices/disk/target")}


def _parsed(xml):
    # libvirt wrote it, from documents of this module.
    return ET.fromstring(xml)  # noqa: S314


def element_document(element):
    """An element as XML text."""
    return ET.tostring(element, encoding="unicode")


def _text(parent, tag, text, **attributes):
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _serialised(element):
    ET.indent(element)
    return ET.tostring(element, encoding="unicode")


def _system_information(domain, server_id):
    # cloud-init and others recognise an OpenStack server by these words of the SMBIOS tables.
    sysinfo = ET.SubElement(domain, "sysinfo", type="smbios")
    system = ET.SubElement(sysinfo, "system")
    for name, value in (
        ("manufacturer", "OpenStack Foundation"),
        ("product", "OpenStack Nova"),
        ("version", "27.0.0"),
        ("serial", server_id),
        ("uuid", server_id),
        ("family", "Virtual Machine"),
    ):
        _text(system, "entry", value, name=name)


def _features(domain, host):
    features = ET.SubElement(domain, "features")
    ET.SubElement(features, "acpi")
    ET.SubElement(features, "apic")
    if host.virtualization == "qemu":
        tcg = ET.SubElement(features, "tcg")
        _text(tcg, "tb-cache", str(TRANSLATION_CACHE_MIB), unit="MiB")


def _clock(domain):
    clock = ET.SubElement(domain, "clock", offset="utc")
    ET.SubElement(clock, "timer", name="rtc", tickpolicy="catchup")
    ET.SubElement(clock, "timer", name="pit", tickpolicy="delay")
    ET.SubElement(clock, "timer", name="hpet", present="no")


def _devices(server, host, files):
    devices = ET.Element("devices")
    volumes = server["volumes"]
    ET.SubElement(devices, "controller", type="pci", index="0", model="pcie-root")
    # Disk controller, random numbers and balloon take a root port each, like every disk and interface.
    for index in range(1, 1 + 4 + len(server["ports"]) + len(volumes) + SPARE_ROOT_PORTS):
        ET.SubElement(devices, "controller", type="pci", index=str(index), model="pcie-root-port")
    ET.SubElement(devices, "controller", type="usb", model="none")
    if files.disk:
        devices.append(_root_disk(files.disk))
    for volume in volumes:
        boots = not files.disk and volume.get("boot_index") == 0
        devices.append(volume_disk(volume, boot_order=1 if boots else None))
    if files.config_drive:
        ET.SubElement(devices, "controller", type="scsi", index="0", model="virtio-scsi")
        devices.append(_config_drive(files.config_drive))
    for port in server["ports"]:
        devices.append(_interface(port, host))
    _console(devices, files.console_log)
    graphics = ET.SubElement(devices, "graphics", type="vnc")
    ET.SubElement(graphics, "listen", type="socket")
    video = ET.SubElement(devices, "video")
    ET.SubElement(video, "model", type="vga", vram="16384", heads="1", primary="yes")
    random = ET.SubElement(devices, "rng", model="virtio")
    _text(random, "backend", "/dev/urandom", model="random")
    ET.SubElement(devices, "memballoon", model="virtio")
    return devices


def _root_disk(path):
    disk = ET.Element("disk", type="file", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="qcow2", cache="writeback", discard="unmap")
    ET.SubElement(disk, "source", file=path)
    ET.SubElement(disk, "target", dev="vda", bus="virtio")
    ET.SubElement(disk, "boot", order="1")
    return disk


def _config_drive(path):
    disk = ET.Element("disk", type="file", device="cdrom")
    ET.SubElement(disk, "driver", name="qemu", type="raw")
    ET.SubElement(disk, "source", file=path)
    ET.SubElement(disk, "target", dev="sda", bus="scsi")
    ET.SubElement(disk, "readonly")
    return disk


def _interface(port, host):
    interface = ET.Element("interface", type="bridge")
    ET.SubElement(interface, "mac", address=port["mac_address"])
    ET.SubElement(interface, "source", bridge=host.bridge)
    virtualport = ET.SubElement(interface, "virtualport", type="openvswitch")
    ET.SubElement(virtualport, "parameters", interfaceid=port["id"])
    ET.SubElement(interface, "target", dev=f"tap{port['id'][:11]}")
    ET.SubElement(interface, "model", type="virtio")
    if host.userspace_datapath:
        driver = ET.SubElement(interface, "driver", name="qemu")
        ET.SubElement(driver, "host", gso="off", **OFFLOADS)
        ET.SubElement(driver, "guest", **OFFLOADS)
    if port.get("mtu"):
        ET.SubElement(interface, "mtu", size=str(port["mtu"]))
    return interface


def _console(devices, console_log):
    # virtlogd writes the file and bounds its size (max_size and max_backups in virtlogd.conf).
    serial = ET.SubElement(devices, "serial", type="pty")
    ET.SubElement(serial, "log", file=console_log, append="on")
    ET.SubElement(serial, "target", type="isa-serial", port="0")
    console = ET.SubElement(devices, "console", type="pty")
    ET.SubElement(console, "target", type="serial", port="0")
