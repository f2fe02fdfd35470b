"""On which node a server goes: the emptiest of those that have room, decided while their rows are locked."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.services.compute.nodes import Amount, usage


@dataclass
class Scheduler:
    """The nodes, locked until the transaction ends, and what is given of each, this request's own claims included."""

    nodes: list[ComputeNode]
    used: dict[str, Amount] = field(default_factory=dict)

    @classmethod
    def lock(cls, session: Session) -> "Scheduler":
        """Lock all nodes, always in one order: no two requests can take the same room, nor wait for each other."""
        nodes = list(session.scalars(select(ComputeNode).order_by(ComputeNode.number).with_for_update()))
        return cls(nodes, {node: amount for node, (amount, _) in usage(session).items()})

    def claim(
        self, wanted: Amount, host: str | None = None, leave: ComputeNode | None = None
    ) -> tuple[ComputeNode | None, str]:
        """The node for `wanted` (only `host`, when it is named; never `leave`), or None and what each node lacks."""
        fitting, lacks = [], []
        for node in self.nodes:
            if (host is not None and node.name != host) or node is leave:
                continue
            missing = self._lack(node, wanted)
            if missing:
                lacks.append(f"{node.name}: {missing}")
            else:
                fitting.append(node)
        if not fitting:
            return None, "; ".join(lacks) or f"there is no {'other ' if leave else ''}compute node"
        best = max(fitting, key=self._emptiness)
        self.used[best.id] = self.used.get(best.id, Amount()) + wanted
        return best, ""

    def _lack(self, node: ComputeNode, wanted: Amount) -> str:
        if not node.present or not node.enabled:
            return "takes no new servers"
        if node.away_since is not None:
            return "does not answer"
        free, whole = self._free(node), capacity(node)
        names = (("vcpus", "vCPUs"), ("memory_mib", "MiB of memory"), ("disk_gib", "GiB of disk"))
        return ", ".join(
            f"{max(getattr(free, key), 0)} of {getattr(whole, key)} {name} free, {getattr(wanted, key)} needed"
            for key, name in names
            if getattr(wanted, key) > getattr(free, key)
        )

    def _free(self, node: ComputeNode) -> Amount:
        whole, used = capacity(node), self.used.get(node.id, Amount())
        return Amount(whole.vcpus - used.vcpus, whole.memory_mib - used.memory_mib, whole.disk_gib - used.disk_gib)

    def _emptiness(self, node: ComputeNode) -> tuple[float, float]:
        free, whole = self._free(node), capacity(node)
        return free.memory_mib / max(whole.memory_mib, 1), free.vcpus / max(whole.vcpus, 1)


def capacity(node: ComputeNode) -> Amount:
    """How much of the node may be given away: what it has, times how far it may be overbooked."""
    return Amount(
        int(node.vcpus * node.cpu_allocation_ratio),
        int(node.memory_mib * node.memory_allocation_ratio),
        int(node.disk_gib * node.disk_allocation_ratio),
    )
