"""Lists of every noun: filtered by any attribute, sorted, in pages."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, String, and_, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from tenrec_api.context import Context
from tenrec_api.exceptions import InvalidInput
from tenrec_api.models.base import Base
from tenrec_api.models.floating_ip import FloatingIp
from tenrec_api.models.network import Network
from tenrec_api.models.port import IpAllocation, Port, PortSecurityGroup
from tenrec_api.models.router import Router
from tenrec_api.models.security_group import SecurityGroup, SecurityGroupRule
from tenrec_api.models.subnet import Subnet
from tenrec_api.services import listing
from tenrec_api.services.network import security_groups
from tenrec_api.services.network.lookup import nothing, visible

Condition = Callable[[list[str]], ColumnElement[bool]]
TRUE, FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
FIXED_IP_KEYS = {"ip_address": IpAllocation.ip_address, "subnet_id": IpAllocation.subnet_id}


def _columns(model: type[Base], names: str, **renamed: str) -> dict[str, InstrumentedAttribute]:
    """Filters by column: `names` are called alike outside, `renamed` is {name outside: name of the column}."""
    common = {"id": "id", "project_id": "project_id", "tenant_id": "project_id", "description": "description"}
    inside = common | {"revision_number": "revision_number"} | {name: name for name in names.split()} | renamed
    return {outside: getattr(model, column) for outside, column in inside.items()}


COLUMNS: dict[type[Base], dict[str, InstrumentedAttribute]] = {
    Network: _columns(
        Network,
        "name admin_state_up status shared mtu port_security_enabled is_default",
        **{
            "router:external": "external",
            "provider:network_type": "network_type",
            "provider:physical_network": "physical_network",
            "provider:segmentation_id": "segmentation_id",
        },
    ),
    Subnet: _columns(Subnet, "name network_id cidr ip_version gateway_ip enable_dhcp ipv6_address_mode ipv6_ra_mode"),
    Port: _columns(
        Port,
        "name network_id mac_address admin_state_up status device_id device_owner port_security_enabled",
        **{"binding:host_id": "binding_host_id"},
    ),
    Router: _columns(Router, "name admin_state_up status"),
    SecurityGroup: _columns(SecurityGroup, "name"),
    SecurityGroupRule: _columns(
        SecurityGroupRule,
        "security_group_id direction ethertype protocol port_range_min port_range_max remote_ip_prefix remote_group_id",
    ),
    FloatingIp: _columns(
        FloatingIp, "floating_network_id floating_ip_address port_id fixed_ip_address router_id status"
    ),
}
COLLECTIONS: dict[str, type[Base]] = {
    "networks": Network,
    "subnets": Subnet,
    "ports": Port,
    "routers": Router,
    "security_groups": SecurityGroup,
    "security_group_rules": SecurityGroupRule,
    "floatingips": FloatingIp,
}
# What only an admin sees, only an admin may look for: anything else would tell it.
ADMIN_ONLY = ("binding:host_id", "provider:network_type", "provider:physical_network", "provider:segmentation_id")


def _fixed_ips(values: list[str]) -> ColumnElement[bool]:
    """``fixed_ips=ip_address=…`` and ``fixed_ips=subnet_id=…``: one address that fits all keys."""
    wanted: dict[str, list[str]] = {}
    for value in values:
        key, _, content = value.partition("=")
        if key not in FIXED_IP_KEYS:
            raise InvalidInput(f"'{key[:60]}' is not a key of fixed_ips; valid: {', '.join(FIXED_IP_KEYS)}.")
        wanted.setdefault(key, []).append(content)
    matching = [FIXED_IP_KEYS[key].in_(contents) for key, contents in wanted.items()]
    return Port.id.in_(select(IpAllocation.port_id).where(and_(*matching)))


def _security_groups(values: list[str]) -> ColumnElement[bool]:
    return Port.id.in_(select(PortSecurityGroup.port_id).where(PortSecurityGroup.security_group_id.in_(values)))


def _shared_subnets(values: list[str]) -> ColumnElement[bool]:
    return Subnet.network_id.in_(select(Network.id).where(_equals(Network.shared, values, "shared")))


def _not_shared(values: list[str]) -> ColumnElement[bool]:
    """Security groups are never shared."""
    return SecurityGroup.id.is_not(None) if _boolean(values[0], "shared") is False else nothing()


SPECIAL: dict[type[Base], dict[str, Condition]] = {
    Port: {"fixed_ips": _fixed_ips, "security_groups": _security_groups},
    Subnet: {"shared": _shared_subnets},
    SecurityGroup: {"shared": _not_shared},
}
TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")


def filter_names(collection: str) -> list[str]:
    """The attributes by which lists of `collection` (a key of COLLECTIONS) can be filtered."""
    model = COLLECTIONS[collection]
    tags = TAG_FILTERS if hasattr(model, "tags") else ()
    return [*COLUMNS[model], *SPECIAL.get(model, ()), *tags]


def rows(session: Session, context: Context, collection: str, arguments: Mapping[str, Any]) -> tuple[list[Any], bool]:
    """One page of what the caller may see of `collection`, and whether there is more.

    `arguments`: lists of values by the names of `filter_names`, and `limit`, `marker`, `sort_key`, `sort_dir`,
    `page_reverse`. Raises InvalidInput for values that are not of the attribute's type, and what `listing.page` raises.
    """
    model = COLLECTIONS[collection]
    if model is SecurityGroup and context.project_id:
        # Whoever looks at his groups for the first time finds the default one.
        security_groups.default(session, context, context.project_id)
        session.commit()
    query = visible(context, model)
    for name in filter_names(collection):
        if arguments.get(name) is not None:
            query = query.where(_condition(context, model, name, arguments[name]))
    order = [(_sort_column(model, key), way) for key, way in listing.sort_of(arguments, direction="asc")]
    backwards = arguments.get("page_reverse", False)
    if backwards:
        order = [(key, {"asc": "desc", "desc": "asc"}.get(way, way)) for key, way in order]
    found, more = listing.page(
        session, query, model, limit=arguments.get("limit") or None, marker=arguments.get("marker"), sort=order
    )
    return (found[::-1] if backwards else found), more


def _sort_column(model: type[Base], key: str) -> str:
    column = COLUMNS[model].get(key)
    if column is None and key not in ("created_at", "updated_at"):
        valid = ", ".join(sorted({*COLUMNS[model], "created_at", "updated_at"}))
        raise InvalidInput(f"'{key[:60]}' is not a key to sort by; valid: {valid}.")
    return key if column is None else column.key


def _condition(context: Context, model: type[Base], name: str, values: list[str]) -> ColumnElement[bool]:
    if name in ADMIN_ONLY and not context.is_admin:
        return nothing()
    if name in TAG_FILTERS:
        return _tags(model, name, values)
    if name in SPECIAL.get(model, {}):
        return SPECIAL[model][name](values)
    return _equals(COLUMNS[model][name], values, name)


def _equals(column: InstrumentedAttribute, values: list[str], name: str) -> ColumnElement[bool]:
    """The column has one of `values`. The empty text also stands for nothing at all."""
    kind = column.type
    if isinstance(kind, Boolean):
        return column.in_([_boolean(value, name) for value in values])
    if isinstance(kind, Integer):
        return column.in_([_integer(value, name) for value in values])
    if name == "mac_address":
        values = [value.lower() for value in values]
    given = [value for value in values if value not in ("", "None")]
    conditions = [column.in_(given)] if given else []
    if len(given) < len(values):
        conditions.append(or_(column.is_(None), column == ""))
    return or_(*conditions)


def _boolean(text: str, name: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise InvalidInput(f"'{text[:60]}' is not a boolean value for {name}; valid: true, false.")


def _integer(text: str, name: str) -> int:
    if not text.lstrip("-").isdecimal() or len(text) > 18:
        raise InvalidInput(f"'{text[:60]}' is not an integer value for {name}.")
    return int(text)


def _tags(model: type[Base], name: str, values: list[str]) -> ColumnElement[bool]:
    """The tags are kept as a JSON list: a tag is in it when its JSON text is, quotes and all."""
    wanted = [tag for value in values for tag in value.split(",")]
    text = type_coerce(model.tags, String)
    present = [func.instr(text, json.dumps(tag)) > 0 for tag in wanted]
    condition = or_(*present) if name.endswith("any") else and_(*present)
    return ~condition if name.startswith("not-") else condition
