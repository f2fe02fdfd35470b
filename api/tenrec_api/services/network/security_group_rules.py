"""Rules of security groups: what each protocol may have, and that no rule is there twice."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenrec_api.context import Context
from tenrec_api.exceptions import Conflict, InvalidInput
from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule
from tenrec_api.services.network import quotas, security_groups
from tenrec_api.services.network.lookup import find, find_to_change

ICMP = ("icmp", "icmpv6", "ipv6-icmp", "1", "58")
WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "33", "132", "136")
IPV6_ONLY = ("icmpv6", "ipv6-icmp", "ipv6-encap", "ipv6-frag", "ipv6-nonxt", "ipv6-opts", "ipv6-route", "58")
# What makes two rules the same.
CONTENT = (
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
)


def show(session: Session, context: Context, rule_id: str) -> SecurityGroupRule:
    """The rule; raises NotFound."""
    return find(session, context, SecurityGroupRule, rule_id)


def create(session: Session, context: Context, values: dict) -> SecurityGroupRule:
    """Add a rule and queue its group's playbook; commits.

    Raises NotFound, QuotaExceeded, InvalidInput, Conflict (SecurityGroupRuleExists).
    """
    values = dict(values)
    values.pop("project_id", None)
    group = find_to_change(session, context, SecurityGroup, values.pop("security_group_id"))
    if values.get("remote_group_id"):
        security_groups.check_ids(session, context, [values["remote_group_id"]])
    values["protocol"] = None if values.get("protocol") in ("any", "0") else values.get("protocol")
    check(values)
    quotas.check(session, group.project_id, "security_group_rule")
    _refuse_twin(session, group, values)
    rule = SecurityGroupRule(security_group_id=group.id, project_id=group.project_id, **values)
    session.add(rule)
    session.flush()
    _changed(session, context, group)
    return rule


def delete(session: Session, context: Context, rule_id: str) -> None:
    """Remove a rule and queue its group's playbook; commits. Raises NotFound."""
    rule = find(session, context, SecurityGroupRule, rule_id)
    group = find_to_change(session, context, SecurityGroup, rule.security_group_id)
    named = rule.remote_group_id
    session.delete(rule)
    session.flush()
    _changed(session, context, group, also=[named] if named else [])


def _changed(session: Session, context: Context, group: SecurityGroup, also: list[str] | None = None) -> None:
    session.expire(group, ["rules"])
    group.revision_number += 1
    security_groups.enqueue_apply(session, context, group, also=also or [])
    session.commit()


def check(values: dict) -> None:
    """Raise InvalidInput when protocol, ethertype, ports and remote do not go together."""
    protocol, ethertype = values.get("protocol"), values["ethertype"]
    low, high = values.get("port_range_min"), values.get("port_range_max")
    if values.get("remote_ip_prefix") and values.get("remote_group_id"):
        raise InvalidInput(
            "Only remote_ip_prefix or remote_group_id may be provided.", "SecurityGroupMultipleRemoteEntites"
        )
    prefix = values.get("remote_ip_prefix")
    if prefix is not None and (":" in prefix) != (ethertype == "IPv6"):
        raise InvalidInput(
            f"Conflicting value ethertype {ethertype} for CIDR {prefix}", "SecurityGroupRuleParameterConflict"
        )
    if protocol in IPV6_ONLY and ethertype == "IPv4":
        raise InvalidInput(
            f"Invalid ethertype {ethertype} for protocol {protocol}.", "SecurityGroupEthertypeConflictWithProtocol"
        )
    if low is None and high is None:
        return
    if protocol in ICMP:
        if low is None:
            raise InvalidInput(
                f"ICMP code (port-range-max) {high} is provided but ICMP type (port-range-min) is missing.",
                "SecurityGroupMissingIcmpType",
            )
        for field, value in (("port_range_min", low), ("port_range_max", high)):
            if value is not None and not 0 <= value <= 255:
                raise InvalidInput(
                    f"Invalid value for ICMP {field}: {value}. It must be 0 to 255.", "SecurityGroupInvalidIcmpValue"
                )
    elif protocol not in WITH_PORTS:
        raise InvalidInput(
            "Port range cannot be specified for this protocol.", "SecurityGroupProtocolRequiredWithPorts"
        )
    elif low is None or high is None or not 0 <= low <= high:
        raise InvalidInput(
            "For TCP/UDP protocols, port_range_min must be <= port_range_max, and both must be there.",
            "SecurityGroupInvalidPortRange",
        )


def _refuse_twin(session: Session, group: SecurityGroup, values: dict) -> None:
    query = select(SecurityGroupRule).where(SecurityGroupRule.security_group_id == group.id)
    for column in CONTENT:
        query = query.where(getattr(SecurityGroupRule, column) == values.get(column))
    twin = session.scalars(query).first()
    if twin is not None:
        raise Conflict(f"Security group rule already exists. Rule id is {twin.id}.", "SecurityGroupRuleExists")
