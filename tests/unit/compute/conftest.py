"""What servers are made of.

An image, a flavor, a network with a subnet; and a worker that runs nothing but tells how it went.
"""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.image import Image
from tenrec_api.models.network import Network
from tenrec_api.models.operation import Operation
from tenrec_api.models.subnet import Subnet
from tenrec_api.orchestration.workflows import discover
from tenrec_api.orchestration.workflows.base import Fault
from tenrec_api.services import operations as service

SERVERS = "/compute/v2.1/servers"


@pytest.fixture
def image(session: Session, client) -> Image:
    """An image of the client's project that can be booted: 1 GiB."""
    image = Image(
        name="tiny",
        project_id=client.project_id,
        status="active",
        disk_format="qcow2",
        container_format="bare",
        size=10_000_000,
        virtual_size=1024**3,
        sha512="0" * 128,
    )
    session.add(image)
    session.commit()
    return image


@pytest.fixture
def network(session: Session, client) -> Network:
    """The only network of the client's project, 10.0.0.0/24."""
    return make_network(session, client.project_id, "private", "10.0.0")


def make_network(session: Session, project_id: str, name: str, prefix: str) -> Network:
    """A network with one subnet, `prefix`.0/24."""
    network = Network(project_id=project_id, name=name, status="ACTIVE", mtu=1442)
    network.subnets.append(
        Subnet(
            project_id=project_id,
            name=name,
            cidr=f"{prefix}.0/24",
            ip_version=4,
            gateway_ip=f"{prefix}.1",
            allocation_pools=[{"start": f"{prefix}.10", "end": f"{prefix}.200"}],
            dns_nameservers=["192.0.2.53"],
        )
    )
    session.add(network)
    session.commit()
    return network


@pytest.fixture
def flavor(admin) -> dict:
    """One vCPU, 512 MiB, 2 GiB."""
    body = {"flavor": {"name": "small", "ram": 512, "vcpus": 1, "disk": 2}}
    answer = admin.post("/compute/v2.1/flavors", json=body)
    assert answer.status_code == 200, answer.json
    return answer.json["flavor"]


@pytest.fixture
def wanted(image, flavor, network):
    """Call it for the body of a request for a server; keywords replace or add attributes."""

    def body(**attributes) -> dict:
        server = {"name": "web", "imageRef": image.id, "flavorRef": flavor["id"], "networks": [{"uuid": network.id}]}
        return {"server": server | attributes}

    return body


@pytest.fixture
def make(client, wanted):
    """Call it to ask for a server; returns its id."""

    def create(**attributes) -> str:
        answer = client.post(SERVERS, json=wanted(**attributes))
        assert answer.status_code == 202, answer.json
        return answer.json["server"]["id"]

    return create


class Worker:
    """Ends queued operations as the real worker would, through their workflows, and runs no playbook."""

    def __init__(self, session: Session):
        self.session = session
        self.workflows, self.periodics = discover()
        self.items: list[dict] = []

    def run(self, fault: Fault | None = None, **facts) -> list[str]:
        """End all queued operations, well or with `fault`; returns their kinds."""
        kinds = []
        self.session.expire_all()
        query = select(Operation).where(Operation.status == "queued").order_by(Operation.sequence)
        while (operation := self.session.scalars(query).first()) is not None:
            kinds.append(operation.kind)
            self._run(operation, fault, facts)
        return kinds

    def _run(self, operation: Operation, fault: Fault | None, facts: dict) -> None:
        operation.enter("running")
        workflow = self.workflows[operation.kind]
        item = workflow.item(self.session, operation)
        if item is None:
            service.end(self.session, operation, "succeeded")
            self.session.commit()
            return
        self.items.append(item)
        if fault is not None:
            workflow.fail(self.session, operation, fault)
            service.end(self.session, operation, "failed", failed_task=fault.task, reason=fault.message)
        else:
            result = workflow.succeed(self.session, operation, {"id": operation.resource_id, **facts})
            service.end(self.session, operation, "succeeded", result=result or facts)
        self.session.commit()


@pytest.fixture
def worker(session: Session) -> Worker:
    """The worker of this test."""
    return Worker(session)
