"""Resource providers: filters and answers (Placement API 1.0)."""

from typing import Any

from marshmallow import fields

from tenrec_api.apis import PLACEMENT
from tenrec_api.models.compute_node import ComputeNode
from tenrec_api.schemas.base import Query
from tenrec_api.schemas.compute.fields import Uuid
from tenrec_api.services.placement.providers import generation


class ProviderQuery(Query):
    """The filters of version 1.0.

    Any other is refused by the view, as the reference does: left out, it would change the answer.
    """

    name = fields.String()
    uuid = Uuid()


def describe(node: ComputeNode) -> dict[str, Any]:
    """A provider."""
    path = f"{PLACEMENT.root}/resource_providers/{node.id}"
    related = ("inventories", "usages")
    return {
        "uuid": node.id,
        "name": node.name,
        "generation": generation(node),
        "links": [{"rel": "self", "href": path}, *({"rel": name, "href": f"{path}/{name}"} for name in related)],
    }
