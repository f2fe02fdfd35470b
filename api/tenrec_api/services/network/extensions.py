"""What of the network API beyond its core is really there.

Clients take an alias as a promise: nothing else is listed.
"""

from tenrec_api.exceptions import NotFound

UPDATED = "2020-01-01T00:00:00-00:00"
EXTENSIONS = {
    "allowed-address-pairs": ("Allowed Address Pairs", "Further addresses that a port may send from."),
    "availability_zone": ("Availability Zone", "The zones there are."),
    "binding": ("Port Binding", "The host that a port is on."),
    "empty-string-filtering": ("Empty String Filtering Extension", "An empty filter finds what has no value."),
    "ext-gw-mode": ("Neutron L3 Configurable external gateway mode", "Source NAT of a router can be switched off."),
    "external-net": ("Neutron external network", "Networks that routers and floating IPs lead to."),
    "extraroute": ("Neutron Extra Route", "Static routes of routers."),
    "filter-validation": ("Filter parameters validation", "An unknown filter is refused."),
    "net-mtu": ("Network MTU", "The MTU of a network."),
    "net-mtu-writable": ("Network MTU (writable)", "The MTU of a network can be chosen."),
    "pagination": ("Pagination support", "Lists come in pages."),
    "port-security": ("Port Security", "Anti-spoofing that can be switched off."),
    "project-id": ("project_id field enabled", "project_id beside tenant_id."),
    "provider": ("Provider Network", "Networks on a physical network."),
    "quota-check-limit": ("Quota engine limit check", "A limit below what is used can be refused."),
    "quota_details": ("Quota details management support", "Limits together with what is used."),
    "quotas": ("Quota management support", "Limits for each project."),
    "revision-if-match": ("If-Match constraints based on revision_number", "A change based on an old look is refused."),
    "router": ("Neutron L3 Router", "Routers and floating IPs."),
    "security-group": ("security-group", "Security groups and their rules."),
    "sorting": ("Sorting support", "Lists can be sorted."),
    "standard-attr-description": ("standard-attr-description", "A description of every resource."),
    "standard-attr-revisions": ("Resource revision numbers", "A number that counts changes."),
    "standard-attr-tag": ("Tag support for resources with standard attribute", "Tags on every resource."),
    "standard-attr-timestamp": ("Resource timestamps", "When a resource was made and changed."),
}
DEFAULT_ZONE = "nova"


def listing() -> list[dict]:
    """All extensions."""
    return [_describe(alias) for alias in EXTENSIONS]


def show(alias: str) -> dict:
    """One extension; raises NotFound when it is not supported."""
    if alias not in EXTENSIONS:
        raise NotFound(f"Extension with alias {alias[:80]} does not exist", "ExtensionNotFound")
    return _describe(alias)


def _describe(alias: str) -> dict:
    name, description = EXTENSIONS[alias]
    return {"alias": alias, "name": name, "description": description, "updated": UPDATED, "links": []}


def availability_zones() -> list[dict]:
    """The one zone that there is, for networks and for routers."""
    return [{"name": DEFAULT_ZONE, "resource": resource, "state": "available"} for resource in ("network", "router")]
