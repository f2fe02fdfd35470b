"""The blueprint of all resources: ours to say which policy rule guards a route, smorest's for the rest."""

from functools import wraps

from flask import g
from flask_smorest import Blueprint as SmorestBlueprint

from tenrec_api.apis import ServedApi
from tenrec_api.http.parsing import Parser
from tenrec_api.policies import RULES, authorise


class Blueprint(SmorestBlueprint):
    """A group of routes of one API. Its name is the tag of the routes in the OpenAPI document."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, noun: str, api: ServedApi, description: str = ""):
        super().__init__(f"{api.name} {noun}".replace(" ", "_"), __name__, url_prefix=api.root, description=description)


def requires(action: str):
    """Guard a view with the policy rule `action` (``<api>:<noun>:<verb>``). A rule that does not exist fails at
    import.
    """
    if action not in RULES:
        raise KeyError(f"no policy rule {action}")

    def decorate(view):
        @wraps(view)
        def guarded(*args, **kwargs):
            authorise(g.context, action)
            return view(*args, **kwargs)

        guarded.policy = action
        return guarded

    return decorate


def public(view):
    """Mark a view that anybody may call without a token."""
    view.policy = "public"
    return view
