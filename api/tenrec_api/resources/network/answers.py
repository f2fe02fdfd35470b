"""What all nouns of the network API share: filters, pages, ``fields=``, ``If-Match``, what only admins see."""

import re
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, jsonify, request
from marshmallow import Schema, fields, validate

from tenrec_api.exceptions import InvalidInput
from tenrec_api.schemas.base import PageQuery, Query
from tenrec_api.services.network import listing

IF_MATCH = re.compile(r'"?revision_number=(\d{1,18})"?')
# The host of a port and the place of a network tell about the cloud itself.
ADMIN_ONLY = (
    "binding:host_id",
    "binding:profile",
    "binding:vif_type",
    "binding:vif_details",
    "provider:network_type",
    "provider:physical_network",
    "provider:segmentation_id",
)


class FieldsQuery(Query):
    """``?fields=id&fields=name``: the answer has only these attributes."""

    fields_wanted = fields.List(fields.String(), data_key="fields", load_default=[])


def list_query(collection: str) -> type[Schema]:
    """The query of a list: its filters, each of which may be there several times, and the page."""
    filters = {name: fields.List(fields.String()) for name in listing.filter_names(collection)}
    paging = {
        "page_reverse": fields.Boolean(),
        "limit": fields.Integer(validate=validate.Range(min=0, max=2**31)),
        "sort_key": fields.List(fields.String()),
        "sort_dir": fields.List(fields.String()),
    }
    members = FieldsQuery._declared_fields | filters | paging
    return PageQuery.from_dict(members, name=f"{collection.title().replace('_', '')}Query")


def many(collection: str, schema: Schema, query: dict[str, Any]) -> Response:
    """The answer to a list: one page with a link to the next one.

    Raises InvalidInput for a filter that is not known.
    """
    known = {*listing.filter_names(collection), "fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse"}
    unknown = sorted(set(request.args) - known)
    if unknown:
        raise InvalidInput(
            f"{[name[:60] for name in unknown]} is invalid attribute for filtering; valid: {', '.join(sorted(known))}."
        )
    rows, more = listing.rows(g.session, g.context, collection, query)
    body: dict[str, Any] = {collection: [_document(schema, row, query["fields_wanted"]) for row in rows]}
    if rows and more:
        backwards = query.get("page_reverse", False)
        link = {"rel": "previous" if backwards else "next", "href": _link(rows[0 if backwards else -1].id)}
        body[f"{collection}_links"] = [link]
    return jsonify(body)


def _link(marker: str) -> str:
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "marker"]
    return f"{request.base_url}?{urlencode([*arguments, ('marker', marker)])}"


def one(key: str, schema: Schema, row: Any, status: int = 200, wanted: list[str] | None = None) -> Response:
    """The answer with one resource."""
    response = jsonify({key: _document(schema, row, wanted or [])})
    response.status_code = status
    return response


def _document(schema: Schema, row: Any, wanted: list[str]) -> dict:
    document = schema.dump(row)
    if not g.context.is_admin:
        document = {name: value for name, value in document.items() if name not in ADMIN_ONLY}
    return {name: value for name, value in document.items() if name in wanted} if wanted else document


def expected_revision() -> int | None:
    """The N of ``If-Match: revision_number=N``, or None; raises InvalidInput for any other condition."""
    condition = request.headers.get("If-Match")
    if condition is None:
        return None
    match = IF_MATCH.fullmatch(condition.strip())
    if match is None:
        raise InvalidInput(f"If-Match: '{condition[:60]}' is not valid; valid: revision_number=N.")
    return int(match[1])
