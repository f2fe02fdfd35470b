"""Policy of the placement API: it tells about the hosts, which only administrators may know."""

from tenrec_api.policies.rules import admin

RULES = {
    "resource_provider:list": admin,
    "resource_provider:show": admin,
    "inventory:show": admin,
    "usage:show": admin,
    "allocation:show": admin,
}
