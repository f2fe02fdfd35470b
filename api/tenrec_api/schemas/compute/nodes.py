"""Compute nodes as the answers show them: as hypervisors and as services (Compute API 2.1)."""

from typing import Any

from marshmallow import fields, validate

from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.schemas.base import Body, Name, Query
from tenrec_api.schemas.compute.server_views import iso_microseconds
from tenrec_api.services.compute.nodes import NodeUse

BINARY = "nova-compute"


class ServiceQuery(Query):
    """The filters of a list of services."""

    host = fields.String()
    binary = fields.String()


class ServiceUpdate(Body):
    """Which service is to take servers, or no longer, and why."""

    host = Name(required=True, minimum=1)
    binary = fields.String(required=True, validate=validate.OneOf([BINARY]))
    disabled_reason = Name(minimum=1)


def hypervisor_summary(use: NodeUse) -> dict[str, Any]:
    """A hypervisor in a list."""
    return {
        "id": use.node.number,
        "hypervisor_hostname": use.node.name,
        "state": "up" if use.up else "down",
        "status": "enabled" if use.node.enabled else "disabled",
    }


def hypervisor(use: NodeUse) -> dict[str, Any]:
    """A hypervisor, whole. What only the host itself knows (its QEMU's version, its CPU) is left empty."""
    node, used = use.node, use.used
    return hypervisor_summary(use) | {
        "hypervisor_type": "QEMU",
        "hypervisor_version": 0,
        "host_ip": None,
        "cpu_info": "",
        "current_workload": 0,
        "running_vms": use.servers,
        "vcpus": node.vcpus,
        "vcpus_used": used.vcpus,
        "memory_mb": node.memory_mib,
        "memory_mb_used": used.memory_mib,
        "free_ram_mb": node.memory_mib - used.memory_mib,
        "local_gb": node.disk_gib,
        "local_gb_used": used.disk_gib,
        "free_disk_gb": node.disk_gib - used.disk_gib,
        "disk_available_least": node.disk_gib - used.disk_gib,
        "service": {"id": node.number, "host": node.name, "disabled_reason": node.disabled_reason},
    }


def statistics(uses: list[NodeUse]) -> dict[str, int]:
    """The sums over all hypervisors."""
    rows = [hypervisor(use) for use in uses]
    names = (
        "vcpus",
        "vcpus_used",
        "memory_mb",
        "memory_mb_used",
        "free_ram_mb",
        "local_gb",
        "local_gb_used",
        "free_disk_gb",
        "disk_available_least",
        "current_workload",
        "running_vms",
    )
    return {"count": len(rows)} | {name: sum(row[name] for row in rows) for name in names}


def service(use: NodeUse, zone: str) -> dict[str, Any]:
    """The service of a compute node. Nothing of ours runs there: it is up while runs reach the node."""
    node = use.node
    return {
        "id": node.number,
        "binary": BINARY,
        "host": node.name,
        "zone": zone,
        "status": "enabled" if node.enabled else "disabled",
        "state": "up" if use.up else "down",
        "updated_at": iso_microseconds(node.observed_at or node.created_at),
        "disabled_reason": node.disabled_reason,
    }


def updated_service(node: ComputeNode) -> dict[str, Any]:
    """What the answer to a change of a service shows."""
    body = {"host": node.name, "binary": BINARY, "status": "enabled" if node.enabled else "disabled"}
    return body | ({"disabled_reason": node.disabled_reason} if node.disabled_reason else {})
