"""Policy of the block storage API."""

from tenrec_api.policies.rules import admin, project_member, project_reader

RULES = {
    "volume:list": project_reader,
    "volume:show": project_reader,
    "volume:create": project_member,
    "volume:update": project_member,
    "volume:delete": project_member,
    "volume:action": project_member,
    "type:list": project_reader,
    "type:show": project_reader,
    "limits:show": project_reader,
    "availability_zone:list": project_reader,
    "extension:list": project_reader,
    "quota_set:show": project_reader,
    "quota_set:update": admin,
}
