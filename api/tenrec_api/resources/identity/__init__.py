"""Identity API v3."""

from tenrec_api.resources.identity import assignments, own, records, tokens

BLUEPRINTS = [tokens.blueprint, own.blueprint, *records.BLUEPRINTS, assignments.blueprint]
