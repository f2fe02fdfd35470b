"""Resource providers, read only: they follow from the configuration and from the servers."""

from flask import g, jsonify
from flask.views import MethodView
from marshmallow import RAISE

from tenrec_api.apis import PLACEMENT
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.schemas.placement.providers import ProviderQuery, describe
from tenrec_api.services.placement import providers

blueprint = Blueprint("resource providers", PLACEMENT, "Compute nodes as providers of resources")


@blueprint.route("/resource_providers")
class ResourceProviders(MethodView):
    """All providers."""

    @requires("placement:resource_provider:list")
    @blueprint.arguments(ProviderQuery, location="query", unknown=RAISE)
    @blueprint.response(200)
    def get(self, query):
        """List them."""
        found = providers.listing(g.session, query.get("name"), query.get("uuid"))
        return jsonify({"resource_providers": [describe(node) for node in found]})


@blueprint.route("/resource_providers/<provider_id>")
class ResourceProvider(MethodView):
    """One provider."""

    @requires("placement:resource_provider:show")
    @blueprint.response(200)
    def get(self, provider_id):
        """Show it."""
        return jsonify(describe(providers.show(g.session, provider_id)))


@blueprint.route("/resource_providers/<provider_id>/inventories")
class Inventories(MethodView):
    """What a provider has."""

    @requires("placement:inventory:show")
    @blueprint.response(200)
    def get(self, provider_id):
        """List it by resource class."""
        node = providers.show(g.session, provider_id)
        body = {"resource_provider_generation": providers.generation(node), "inventories": providers.inventories(node)}
        return jsonify(body)


@blueprint.route("/resource_providers/<provider_id>/inventories/<resource_class>")
class Inventory(MethodView):
    """What a provider has of one resource class."""

    @requires("placement:inventory:show")
    @blueprint.response(200)
    def get(self, provider_id, resource_class):
        """Show it."""
        node = providers.show(g.session, provider_id)
        found = providers.inventory(node, resource_class)
        return jsonify({"resource_provider_generation": providers.generation(node)} | found)


@blueprint.route("/resource_providers/<provider_id>/usages")
class Usages(MethodView):
    """What of a provider is given away."""

    @requires("placement:usage:show")
    @blueprint.response(200)
    def get(self, provider_id):
        """List it by resource class."""
        node = providers.show(g.session, provider_id)
        used = providers.usages(g.session, node)
        return jsonify({"resource_provider_generation": providers.generation(node), "usages": used})


@blueprint.route("/resource_providers/<provider_id>/allocations")
class ProviderAllocations(MethodView):
    """To whom a provider's resources are given."""

    @requires("placement:allocation:show")
    @blueprint.response(200)
    def get(self, provider_id):
        """List the servers with what each was given."""
        node = providers.show(g.session, provider_id)
        given = providers.allocations_of_provider(g.session, node)
        body = {consumer: {"resources": resources} for consumer, resources in given.items()}
        return jsonify({"resource_provider_generation": providers.generation(node), "allocations": body})
