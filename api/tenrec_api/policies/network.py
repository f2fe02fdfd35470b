"""Policy of the network API. Attributes that are an admin's are looked at by the services."""

from tenrec_api.policies.rules import admin, project_member, project_reader

NOUNS = ("network", "subnet", "port", "router", "security_group", "security_group_rule", "floating_ip")

RULES = {
    **{f"{noun}:{verb}": project_reader for noun in NOUNS for verb in ("list", "show")},
    **{f"{noun}:{verb}": project_member for noun in NOUNS for verb in ("create", "update", "delete")},
    "router:add_interface": project_member,
    "router:remove_interface": project_member,
    "tag:list": project_reader,
    "tag:update": project_member,
    "tag:delete": project_member,
    "extension:list": project_reader,
    "extension:show": project_reader,
    "availability_zone:list": project_reader,
    "quota:list": admin,
    "quota:show": project_reader,
    "quota:update": admin,
    "quota:delete": admin,
}
