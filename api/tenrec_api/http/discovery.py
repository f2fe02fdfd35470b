"""Version documents: what a client reads, without a token, to learn where each API is and which versions it has."""

from flask import Flask, current_app, jsonify

from tenrec_api.apis import APIS, IDENTITY, IMAGE, NETWORK, OPERATIONS, PLACEMENT, ServedApi
from tenrec_api.http.blueprint import public


def register(app: Flask) -> None:
    """Add the roots of every API, with and without a slash at the end."""
    for api in APIS:
        if api is OPERATIONS:
            continue
        roots = _view(api, several=True), _view(api, several=False)
        for path, view in ((api.prefix, roots[0]), (api.root, roots[1])):
            if api is PLACEMENT and view is roots[1]:
                continue
            name = f"discovery.{path.strip('/')}"
            app.add_url_rule(path, name, view, strict_slashes=False)
            app.add_url_rule(f"{path}/", f"{name}/", view)


def _view(api: ServedApi, several: bool):
    @public
    def discover():
        document = describe(api, current_app.extensions["tenrec"].config.api.public_url)
        if api is IDENTITY and several:
            body = {"versions": {"values": [document]}}
        elif several or api is IMAGE:
            body = {"versions": [document]}
        elif api is NETWORK:
            body = {"resources": [], "version": document}
        else:
            body = {"version": document}
        response = jsonify(body)
        # A list of choices is 300 where the reference answers so (clients accept both; cached proxies do not).
        response.status_code = 300 if several and api is IDENTITY else 200
        return response

    return discover


def describe(api: ServedApi, public_url: str) -> dict:
    """One version as its document: id, status, links, and its microversions."""
    document = {
        "id": api.version_id,
        "status": "stable" if api is IDENTITY else "CURRENT",
        "updated": api.updated,
        "links": [{"rel": "self", "href": f"{public_url}{api.root}/"}],
    }
    if api is IDENTITY:
        document["media-types"] = [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]
    if api.microversions:
        lowest, highest = api.microversions
        document |= {"min_version": lowest, "version": highest, "max_version": highest}
    return document
