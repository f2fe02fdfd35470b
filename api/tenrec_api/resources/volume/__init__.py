"""Block Storage API v3."""

from tenrec_api.resources.volume import catalogue, volumes

BLUEPRINTS = [volumes.blueprint, catalogue.blueprint]
