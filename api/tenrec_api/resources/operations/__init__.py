"""The operator API (`/tenrec/v1`)."""

from tenrec_api.resources.operations import operations

BLUEPRINTS = [operations.blueprint]
