"""Block storage's URLs may name the caller's project (``/volume/v3/<project>/volumes``), and clients use both forms.

The project is taken out of the path before anything is routed, so that each route exists once; whether it is the
token's own is checked once the caller is known.
"""

import re
from collections.abc import Callable, Iterable

from flask import g, request

from tenrec_api.apis import VOLUME
from tenrec_api.exceptions import InvalidInput

FORM = re.compile(
    rf"{re.escape(VOLUME.root)}/([0-9a-f]{{32}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(/.*)?"
)
KEY = "tenrec.path_project"


class ProjectPaths:
    """WSGI middleware that moves the project from the path to the environment."""

    def __init__(self, application: Callable):
        self._application = application

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        match = FORM.fullmatch(environ.get("PATH_INFO", ""))
        if match:
            environ[KEY] = match[1]
            environ["PATH_INFO"] = VOLUME.root + (match[2] or "/")
        return self._application(environ, start_response)


def check() -> None:
    """Refuse a path that names another project than the token's; an admin may name any."""
    named = request.environ.get(KEY)
    if named and g.context.user_id and not g.context.is_admin and not g.context.owns(named):
        raise InvalidInput("Malformed request url: the project in it is not the token's.")
