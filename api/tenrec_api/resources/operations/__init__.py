"""The operator API (`/tenrec/v1`)."""

from tenrec_api.resources.operations import drift, metrics, operations

BLUEPRINTS = [operations.blueprint, drift.blueprint, metrics.blueprint]
