"""Quotas: requests and answers (Compute API 2.1)."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from tenrec_api.schemas.base import Body, Flag, Query
from tenrec_api.services.compute.quotas import DEFAULTS

LIMIT = validate.Range(min=-1, max=2**31 - 1)

QuotaSet = Body.from_dict(
    {name: fields.Integer(validate=LIMIT) for name in DEFAULTS}
    | {"force": Flag(), "tenant_id": fields.String(), "id": fields.String()},
    name="QuotaSet",
)


class QuotaSetBody(Body):
    """The limits to be set; `force`: also below what is used."""

    quota_set = fields.Nested(QuotaSet, required=True)


class QuotaQuery(Query):
    """Quotas of single users are not kept: naming one is refused where it would change the meaning."""

    user_id = fields.String()


class LimitQuery(Query):
    """An administrator may ask for another project's limits."""

    tenant_id = fields.String()


def detail(limits: Mapping[str, int], used: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """For each resource its limit and how much of it is used."""
    return {name: {"limit": limit, "in_use": used[name], "reserved": 0} for name, limit in limits.items()}


def absolute(limits: Mapping[str, int], used: Mapping[str, int]) -> dict[str, Any]:
    """The limits under the names that ``/limits`` has for them."""
    return {
        "maxServerMeta": limits["metadata_items"],
        "maxPersonality": limits["injected_files"],
        "maxPersonalitySize": limits["injected_file_content_bytes"],
        "maxImageMeta": limits["metadata_items"],
        "maxTotalInstances": limits["instances"],
        "maxTotalCores": limits["cores"],
        "maxTotalRAMSize": limits["ram"],
        "maxTotalKeypairs": limits["key_pairs"],
        "maxTotalFloatingIps": limits["floating_ips"],
        "maxSecurityGroups": limits["security_groups"],
        "maxSecurityGroupRules": limits["security_group_rules"],
        "maxServerGroups": limits["server_groups"],
        "maxServerGroupMembers": limits["server_group_members"],
        "totalInstancesUsed": used["instances"],
        "totalCoresUsed": used["cores"],
        "totalRAMUsed": used["ram"],
        "totalFloatingIpsUsed": used["floating_ips"],
        "totalSecurityGroupsUsed": used["security_groups"],
        "totalServerGroupsUsed": used["server_groups"],
    }
