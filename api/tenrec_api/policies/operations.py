"""Policy of the operator API (`/tenrec/v1`)."""

from tenrec_api.policies.rules import admin

RULES = {
    "list": admin,
    "show": admin,
    "cancel": admin,
}
