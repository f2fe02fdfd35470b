"""Network API v2.0."""

from tenrec_api.resources.network import (
    extensions,
    floatingips,
    networks,
    ports,
    quotas,
    routers,
    security_group_rules,
    security_groups,
    subnets,
)

BLUEPRINTS = [
    networks.blueprint,
    subnets.blueprint,
    ports.blueprint,
    routers.blueprint,
    security_groups.blueprint,
    security_group_rules.blueprint,
    floatingips.blueprint,
    quotas.blueprint,
    extensions.blueprint,
]
