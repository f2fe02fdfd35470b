"""Documentation of where files are on a host."""


class ModuleDocFragment:
    """Options of `module_utils/host_files.py`."""

    SERVERS = r"""
options:
  servers:
    description: The folder of all servers.
    type: path
    default: /var/lib/tenrec/servers
"""

    IMAGE_CACHE = r"""
options:
  image_cache:
    description: Where M(tenrec.cloud.image_cache) keeps images.
    type: path
    default: /var/lib/tenrec/image-cache
"""

    OWNER = r"""
options:
  owner:
    description: The user that QEMU runs as.
    type: str
    default: libvirt-qemu
"""

    TLS = r"""
options:
  tls:
    description: The folder of C(ca.pem) and of this host's C(host.pem) and C(host.key).
    type: path
    default: /etc/tenrec/tls
"""
