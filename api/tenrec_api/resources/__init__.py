"""Every route of the cloud: one package for each API, in it one module for each noun."""

from tenrec_api.resources import compute, identity, image, network, operations, placement, volume

BLUEPRINTS = [
    blueprint
    for api in (identity, image, compute, network, volume, placement, operations)
    for blueprint in api.BLUEPRINTS
]
