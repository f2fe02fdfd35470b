"""Documentation that the modules for libvirt share."""


class ModuleDocFragment:
    """Options of `module_utils/libvirt_host.py`."""

    DOCUMENTATION = r"""
options:
  uri:
    description: Where libvirt listens.
    type: str
    default: qemu:///system
"""
