"""The one place that makes error answers: a status for each exception, a body in each API's own form.

- compute and volume: ``{"itemNotFound": {"code", "message"}}``
- network: ``{"NeutronError": {"type", "message", "detail"}}``
- identity, image and the operator API: ``{"error": {"code", "message", "title"}}``
- placement: ``{"errors": [{"status", "title", "detail", "request_id"}]}``
"""

import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, g, jsonify, request
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException

from tenrec_api import exceptions
from tenrec_api.apis import COMPUTE, IDENTITY, NETWORK, PLACEMENT, VOLUME, ServedApi, api_of_path

log = logging.getLogger(__name__)

STATUSES = {
    exceptions.InvalidInput: 400,
    exceptions.Unauthenticated: 401,
    exceptions.Forbidden: 403,
    exceptions.NotFound: 404,
    exceptions.Conflict: 409,
    exceptions.PreconditionFailed: 412,
    exceptions.TooLarge: 413,
    exceptions.UnsupportedMedia: 415,
    exceptions.QuotaExceeded: 403,
    exceptions.Unavailable: 503,
}

# The status that each API gives to a quota that is used up.
QUOTA_STATUSES = {COMPUTE: 403, VOLUME: 413, NETWORK: 409}

COMPUTE_KEYS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def register(app: Flask) -> None:
    """Install the handlers: ours, werkzeug's own errors (404, 405, 413 …) and everything that nobody expected."""
    app.register_error_handler(exceptions.TenrecError, _known)
    app.register_error_handler(HTTPException, _from_werkzeug)
    app.register_error_handler(DBAPIError, _from_database)
    app.register_error_handler(NoConnection, _without_database)
    app.register_error_handler(Exception, _unexpected)


def _known(error: exceptions.TenrecError) -> Response:
    api = api_of_path(request.path)
    if isinstance(error, exceptions.QuotaExceeded):
        status = QUOTA_STATUSES.get(api, 403)
    else:
        status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    return answer(api, status, error.message, error.kind or type(error).__name__)


def _from_werkzeug(error: HTTPException) -> Response:
    status = error.code or 500
    message = {
        404: f"There is nothing at {request.path}.",
        405: f"{request.method} is not a method of {request.path}; valid: "
        f"{', '.join(sorted(getattr(error, 'valid_methods', None) or ()))}.",
        413: "The request is larger than this server accepts.",
    }.get(status, error.description or HTTPStatus(status).phrase)
    response = answer(api_of_path(request.path), status, message, "HTTP" + HTTPStatus(status).phrase.replace(" ", ""))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "location", "retry-after", "www-authenticate"):
            response.headers[name] = value
    return response


def _from_database(error: DBAPIError) -> Response:
    """A database that is away, or two requests that stood in each other's way, heal by themselves: say when to come
    back.

    A value that no schema bounded and no column holds is the request's fault; anything else is ours.
    """
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return _without_database(error)
    if isinstance(error, DataError):
        log.warning("request %s: a value fits no column: %s", g.get("request_id"), error.orig)
        return _known(exceptions.InvalidInput("A value in the request is too long or out of range."))
    return _unexpected(error)


def _without_database(error: Exception) -> Response:
    log.warning("request %s: the database did not carry it out: %s", g.get("request_id"), getattr(error, "orig", error))
    response = _known(exceptions.Unavailable("The database is busy or away. Try again in a moment."))
    response.headers["Retry-After"] = "2"
    return response


def _unexpected(error: Exception) -> Response:
    log.exception("request %s failed: %s %s", g.get("request_id"), request.method, request.path)
    message = f"An unexpected error stopped this request. Tell your operator its id: {g.get('request_id')}."
    return answer(api_of_path(request.path), 500, message, "InternalServerError")


def answer(api: ServedApi | None, status: int, message: str, kind: str) -> Response:
    """An error answer in the form of `api`."""
    title = HTTPStatus(status).phrase
    if api in (COMPUTE, VOLUME):
        body = {COMPUTE_KEYS.get(status, "computeFault"): {"code": status, "message": message}}
    elif api is NETWORK:
        body = {"NeutronError": {"type": kind, "message": message, "detail": ""}}
    elif api is PLACEMENT:
        fault = {"status": status, "title": title, "detail": message, "request_id": g.get("request_id")}
        body = {"errors": [fault]}
    else:
        body = {"error": {"code": status, "message": message, "title": title}}
    response = jsonify(body)
    response.status_code = status
    if status == 401:
        url = current_app.extensions["tenrec"].config.api.public_url + IDENTITY.root
        response.headers["WWW-Authenticate"] = f'Keystone uri="{url}"'
    return response
