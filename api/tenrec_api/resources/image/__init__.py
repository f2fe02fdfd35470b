"""Image API v2."""

from tenrec_api.resources.image import images, schemas

BLUEPRINTS = [images.blueprint, schemas.blueprint]
