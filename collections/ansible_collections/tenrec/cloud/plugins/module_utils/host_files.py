"""Where files are on a host: options of modules, described in the doc fragment of the same name."""

from __future__ import annotations

SERVERS = {"servers": {"type": "path", "default": "/var/lib/tenrec/servers"}}
IMAGE_CACHE = {"image_cache": {"type": "path", "default": "/var/lib/tenrec/image-cache"}}
OWNER = {"owner": {"type": "str", "default": "libvirt-qemu"}}
TLS = {"tls": {"type": "path", "default": "/etc/tenrec/tls"}}
