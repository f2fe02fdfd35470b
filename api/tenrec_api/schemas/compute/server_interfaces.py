"""A server's ports and security groups as the answers show them (Compute API 2.1)."""

from collections.abc import Mapping
from typing import Any

from tenrec_api.models.port import Port
from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule


def interface(port: Port) -> dict[str, Any]:
    """A port as an interface."""
    return {
        "port_id": port.id,
        "net_id": port.network_id,
        "mac_addr": port.mac_address,
        "port_state": port.status,
        "fixed_ips": [{"subnet_id": each.subnet_id, "ip_address": each.ip_address} for each in port.fixed_ips],
    }


def security_group(group: SecurityGroup, names: Mapping[str, SecurityGroup]) -> dict[str, Any]:
    """A security group with what it lets in; `names` holds the groups that its rules name, by id."""
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "tenant_id": group.project_id,
        "rules": [_rule(rule, names) for rule in group.rules if rule.direction == "ingress"],
    }


def _rule(rule: SecurityGroupRule, names: Mapping[str, SecurityGroup]) -> dict[str, Any]:
    """A rule in this API's older form, which knows only what comes in."""
    anywhere = "0.0.0.0/0" if rule.ethertype == "IPv4" else "::/0"
    remote = names.get(rule.remote_group_id)
    return {
        "id": rule.id,
        "parent_group_id": rule.security_group_id,
        "ip_protocol": rule.protocol,
        "from_port": rule.port_range_min,
        "to_port": rule.port_range_max,
        "group": {"name": remote.name, "tenant_id": remote.project_id} if remote else {},
        "ip_range": {} if remote else {"cidr": rule.remote_ip_prefix or anywhere},
    }
