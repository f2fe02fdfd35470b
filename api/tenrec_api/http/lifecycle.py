"""What happens around every request: its id, its database session, who asks, and the headers of the answer."""

import re
import uuid

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from tenrec_api.apis import api_of_path
from tenrec_api.context import Context
from tenrec_api.exceptions import Unauthenticated
from tenrec_api.http import dry_run, microversions, project_paths
from tenrec_api.http.parsing import check_url
from tenrec_api.services.identity import tokens

REQUEST_ID = re.compile(r"req-[0-9a-f-]{36}")


def register(app: Flask) -> None:
    """Install the steps, in the order in which they run."""
    app.before_request(begin)
    app.before_request(check_url)
    app.before_request(microversions.negotiate)
    app.before_request(authenticate)
    app.before_request(project_paths.check)
    app.after_request(finish)
    dry_run.register(app)
    app.teardown_request(close)


def begin() -> None:
    """Give the request an id (a service's own is kept as the global one) and a database session, or a rehearsal's."""
    given = request.headers.get("X-Openstack-Request-Id", "")
    g.request_id = f"req-{uuid.uuid4()}"
    g.global_request_id = given if REQUEST_ID.fullmatch(given) else None
    g.context = Context(request_id=g.request_id)
    g.rehearsal = dry_run.begin()
    g.session = g.rehearsal.session if g.rehearsal else current_app.extensions["tenrec"].sessions()


def authenticate() -> None:
    """Turn X-Auth-Token into `g.context`, unless the route is public; raises Unauthenticated."""
    if isinstance(request.routing_exception, HTTPException) or _policy_of_view() == "public":
        return
    token = request.headers.get("X-Auth-Token")
    if not token:
        raise Unauthenticated(
            "This request needs a token in the header X-Auth-Token; get one from POST /identity/v3/auth/tokens."
        )
    g.context = tokens.validate(g.session, current_app.extensions["tenrec"].token_store, token, g.request_id)


def _policy_of_view() -> str | None:
    view = current_app.view_functions[request.endpoint]
    view = getattr(getattr(view, "view_class", None), request.method.lower(), view)
    if request.method == "HEAD" and not hasattr(view, "policy"):
        view = getattr(getattr(current_app.view_functions[request.endpoint], "view_class", None), "get", view)
    return getattr(view, "policy", None)


def finish(response: Response) -> Response:
    """Add the request's id (under the names that clients look for) and the versions."""
    response.headers["X-Openstack-Request-Id"] = g.request_id
    if api_of_path(request.path):
        microversions.announce(response)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def close(_error: BaseException | None = None) -> None:
    """Give the session back; what no service committed is rolled back, and all that was rehearsed."""
    session, rehearsal = g.pop("session", None), g.pop("rehearsal", None)
    if rehearsal is not None:
        rehearsal.close()
    elif session is not None:
        session.close()
