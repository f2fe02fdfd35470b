"""A small tenant's world, and two ways to write it to a private OVN: as the worker does, and in this process."""

import copy
from dataclasses import dataclass

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import Convergence
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline
from ansible_collections.tenrec.cloud.plugins.modules.floating_ip import FloatingIp
from ansible_collections.tenrec.cloud.plugins.modules.logical_port import LogicalPort
from ansible_collections.tenrec.cloud.plugins.modules.logical_router import LogicalRouter
from ansible_collections.tenrec.cloud.plugins.modules.logical_switch import LogicalSwitch
from ansible_collections.tenrec.cloud.plugins.modules.port_group import PortGroup

from tests.functional.ovn.tenant import GATEWAY_CHASSIS, STORY
from tests.functional.private_ovn import PrivateOvn

RESOURCES = {
    "network": LogicalSwitch,
    "security_group": PortGroup,
    "router": LogicalRouter,
    "port": LogicalPort,
    "floating_ip": FloatingIp,
}


@dataclass
class Modules:
    """The modules without Ansible around them: one call takes milliseconds."""

    ovn: PrivateOvn
    warnings: list
    sync: str = "none"

    def run(self, noun, items, state="present", check_mode=False, **parameters):
        """Converge items. Returns the module's `results` by item id."""
        resource = self.resource(noun, state, check_mode, **parameters)
        resource.open()
        try:
            results = Convergence(resource).run(items)["results"]
        finally:
            resource.close()
        self.warnings += resource.warnings
        return {result["id"]: result for result in results}

    def resource(self, noun, state="present", check_mode=False, deadline=20, **parameters):
        """The resource as `main` would make it, not opened yet."""
        common = {"state": state, "northbound": self.ovn.northbound, "southbound": self.ovn.southbound}
        waiting = {"sync": self.sync, "sync_timeout": 3.0}
        return RESOURCES[noun]({**common, **waiting, **parameters}, Deadline(deadline), check_mode)

    def tell(self, story, **parameters):
        """Apply a story; nothing of it may fail."""
        results = [self.run(noun, items, **parameters) for noun, items in story]
        assert [result for each in results for result in each.values() if "error" in result] == []
        return results


@pytest.fixture
def story():
    """(noun, items) in the order in which they are applied; a copy of the test's own."""
    return copy.deepcopy(STORY)


@pytest.fixture
def items(story):
    """The same by noun."""
    return dict(story)


@pytest.fixture
def networked(ovn):
    """The private OVN with one network node."""
    ovn.add_chassis(GATEWAY_CHASSIS, gateway=True)
    return ovn


@pytest.fixture
def modules(networked):
    """The modules on the private OVN."""
    return Modules(networked, [])


@pytest.fixture
def cloud(networked, playbooks):
    """The playbooks on the private OVN."""
    options = {"northbound": networked.northbound, "southbound": networked.southbound, "sync": "northd"}
    return playbooks(tenrec_ovn=options)
