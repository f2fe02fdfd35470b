"""Policy of the operator API (`/tenrec/v1`).

It names hosts, so all of it is for administrators. A tenant sees the failed task and the reason in the server's fault
and in its actions.
"""

from tenrec_api.policies.rules import admin

RULES = {
    "list": admin,
    "show": admin,
    "events": admin,
    "cancel": admin,
    "retry": admin,
    "findings": admin,
    "reconcile": admin,
    "metrics": admin,
}
