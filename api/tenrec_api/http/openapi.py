"""The OpenAPI document of all routes, served without a token at ``/tenrec/openapi.json``."""

from collections.abc import Iterable

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from flask import Flask
from flask_smorest import Api

from tenrec_api.http.blueprint import Blueprint, public
from tenrec_api.http.dry_run import HeaderInDocument


class OpenApi(Api):
    """smorest without its error handlers: errors are made in one place, ours."""

    def _register_error_handlers(self):
        pass


def register(app: Flask, blueprints: Iterable[Blueprint]) -> None:
    """Add the routes of `blueprints` and the document that describes them."""
    plugins = {
        "marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=schema_name),
        "extra_plugins": [HeaderInDocument()],
    }
    api = OpenApi(app, spec_kwargs=plugins)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    document = app.view_functions["api-docs.openapi_json"]
    app.view_functions["api-docs.openapi_json"] = public(lambda: document())


def schema_name(schema) -> str:
    """A name that no schema of another API has: the API's, the class's, and whether all of it may be left out."""
    instance = resolve_schema_instance(schema)
    kind = type(instance)
    package, _, rest = kind.__module__.partition("tenrec_api.schemas.")
    api = rest.partition(".")[0].title() if rest and not package else ""
    part = "".join(word.title() for word in ("change",) if instance.partial)
    only = "".join(name.title().replace("_", "") for name in sorted(instance.only or ()))
    return f"{api}{kind.__name__.removesuffix('Schema')}{part}{only}"
