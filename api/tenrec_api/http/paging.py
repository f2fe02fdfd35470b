"""Links to the next page: the same query with another marker."""

from urllib.parse import urlencode

from flask import current_app, request


def next_page(path: str, marker: str) -> str:
    """`path` with the present query string and the new `marker`."""
    arguments = [(key, value) for key, value in request.args.items(multi=True) if key != "marker"]
    return f"{path}?{urlencode([*arguments, ('marker', marker)])}"


def page_links(more: bool, marker: str | None) -> list[dict]:
    """The ``<noun>_links`` of a list: a next page when there is one."""
    if not more:
        return []
    public_url = current_app.extensions["tenrec"].config.api.public_url
    return [{"rel": "next", "href": next_page(f"{public_url}{request.path}", marker)}]
