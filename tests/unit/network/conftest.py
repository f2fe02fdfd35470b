"""A cloud of networks, made through the API: what most tests begin with."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tenrec_api.orchestration import workflows
from tenrec_api.orchestration.events import Fault

ROOT = "/network/v2.0"


@dataclass
class Api:
    """One caller's network API: each call checks the status and returns what is in the envelope."""

    caller: object

    def make(self, path: str, key: str, status: int = 201, **attributes) -> dict:
        """POST; with a `status` of 400 and above the error's object."""
        answer = self.caller.post(f"{ROOT}/{path}", json={key: attributes})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json["NeutronError" if status >= 400 else key]

    def change(self, path: str, key: str, status: int = 200, headers=None, **attributes) -> dict:
        """PUT."""
        answer = self.caller.put(f"{ROOT}/{path}", json={key: attributes}, headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json["NeutronError" if status >= 400 else key]

    def put(self, path: str, body: dict, status: int = 200) -> dict:
        """PUT of a body without an envelope."""
        answer = self.caller.put(f"{ROOT}/{path}", json=body)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json.get("NeutronError", answer.json)

    def get(self, path: str, status: int = 200) -> dict:
        """GET; the whole body, or the error's object."""
        answer = self.caller.get(f"{ROOT}/{path}")
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json.get("NeutronError", answer.json)

    def delete(self, path: str, status: int = 204, headers=None) -> dict | None:
        """DELETE; the error's object if there is one."""
        answer = self.caller.delete(f"{ROOT}/{path}", headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json["NeutronError"] if status >= 400 else None

    def network(self, **attributes) -> dict:
        return self.make("networks", "network", **{"name": "private", **attributes})

    def subnet(self, network: dict, cidr: str = "10.0.0.0/24", **attributes) -> dict:
        version = 6 if ":" in cidr else 4
        return self.make("subnets", "subnet", network_id=network["id"], cidr=cidr, ip_version=version, **attributes)

    def port(self, network: dict, **attributes) -> dict:
        return self.make("ports", "port", network_id=network["id"], **attributes)

    def router(self, **attributes) -> dict:
        return self.make("routers", "router", **{"name": "router", **attributes})


@pytest.fixture
def member(client) -> Api:
    """The network API of a member of the project `demo`."""
    return Api(client)


@pytest.fixture
def stranger(other) -> Api:
    """The network API of a member of another project."""
    return Api(other)


@pytest.fixture
def operator(admin) -> Api:
    """The network API of the administrator."""
    return Api(admin)


@pytest.fixture
def public(operator) -> dict:
    """The external network, with a subnet of 253 addresses."""
    attributes = {"provider:network_type": "flat", "provider:physical_network": "external", "router:external": True}
    network = operator.network(name="public", **attributes)
    operator.subnet(network, "203.0.113.0/24", enable_dhcp=False)
    return network


@pytest.fixture
def private(member) -> dict:
    """A network of the project with the subnet 10.0.0.0/24, which is in its `subnet`."""
    network = member.network()
    network["subnet"] = member.subnet(network)
    return network


@pytest.fixture
def router(member, public, private) -> dict:
    """A router between `private` and `public`."""
    made = member.router(external_gateway_info={"network_id": public["id"]})
    member.put(f"routers/{made['id']}/add_router_interface", {"subnet_id": private["subnet"]["id"]})
    return made


@pytest.fixture
def run(session, operations) -> Callable[..., list[tuple[str, dict | None]]]:
    """Does the worker's part of all that is queued, as if the playbooks had run or failed: (kind, item) of each."""
    registry, _ = workflows.discover()

    def work(fault: str | None = None) -> list[tuple[str, dict | None]]:
        done = []
        for operation in operations():
            workflow = registry[operation.kind]
            item = workflow.item(session, operation)
            done.append((operation.kind, item))
            if item is not None and fault is not None:
                workflow.fail(session, operation, Fault(task="Apply it", host="controller", message=fault))
            elif item is not None:
                workflow.succeed(session, operation, {"id": item["id"], "changed": True})
            operation.enter("running")
            operation.enter("failed" if fault else "succeeded")
            session.commit()
        return done

    return work
