"""Placement API."""

from tenrec_api.resources.placement import allocations, resource_providers

BLUEPRINTS = [resource_providers.blueprint, allocations.blueprint]
