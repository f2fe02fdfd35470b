"""Documentation that the modules for Open Virtual Network share."""


class ModuleDocFragment:
    """Options of `module_utils/northbound_resource.py`."""

    DOCUMENTATION = r"""
options:
  northbound:
    description:
      - Where the northbound database listens, V(unix:PATH) or V(tcp:ADDRESS:PORT).
      - Several, with commas between, are tried in order.
    type: str
    default: unix:/var/run/ovn/ovnnb_db.sock
  southbound:
    description: Where the southbound database listens; asked for chassis and for what is in force.
    type: str
    default: unix:/var/run/ovn/ovnsb_db.sock
  sync:
    description:
      - What to wait for after a change is written.
      - V(northd) waits until the logical flows are there, V(chassis) until all chassis have taken them up.
      - A chassis that has been silent for some time is not waited for.
    type: str
    choices: [none, northd, chassis]
    default: chassis
  sync_timeout:
    description: Seconds to wait at most. What is late then becomes a warning, not an error.
    type: float
    default: 3.0
"""
