"""Who may do what: one table of rules for each API, checked on every call before a service is called.

A rule takes the caller's context and says yes or no. It does not look at the resource: whether a resource is the
caller's own is decided where it is looked up (`services/visibility.py`), so that another project's resource is not
found instead of forbidden.
"""

from collections.abc import Callable

from tenrec_api.context import Context
from tenrec_api.exceptions import Forbidden
from tenrec_api.policies import compute, identity, image, network, operations, placement, volume

Rule = Callable[[Context], bool]

RULES: dict[str, Rule] = {
    f"{api.__name__.rpartition('.')[2]}:{action}": rule
    for api in (compute, identity, image, network, operations, placement, volume)
    for action, rule in api.RULES.items()
}


def authorise(context: Context, action: str) -> None:
    """Raise Forbidden unless `context` may do `action` (``<api>:<noun>:<verb>``); KeyError without such a rule."""
    if not RULES[action](context):
        raise Forbidden(f"Your roles ({', '.join(sorted(context.roles)) or 'none'}) do not allow {action}.")
