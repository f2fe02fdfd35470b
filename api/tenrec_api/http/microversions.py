"""Microversions: read from the request, refused when not offered, echoed in the answer.

``OpenStack-API-Version: <service> <version>`` (and compute's older ``X-OpenStack-Nova-API-Version``); without a
header the minimum is meant, ``latest`` means the maximum. See the API guideline "Microversion Specification" of the
OpenStack API SIG.
"""

import re

from flask import Response, g, request
from werkzeug.exceptions import NotAcceptable

from tenrec_api.apis import COMPUTE, ServedApi, api_of_path
from tenrec_api.exceptions import InvalidInput

FORM = re.compile(r"(\d{1,4})\.(\d{1,4})")
LEGACY = "X-OpenStack-Nova-API-Version"


def parse(text: str) -> tuple[int, int]:
    """``"2.47"`` as ``(2, 47)``; raises InvalidInput for anything else."""
    match = FORM.fullmatch(text)
    if not match:
        raise InvalidInput(f"'{text[:40]}' is not a version; valid: MAJOR.MINOR or latest.")
    return int(match[1]), int(match[2])


def negotiate() -> None:
    """Set `g.microversion` to the version asked for, as a tuple; 406 when it is not offered."""
    api = api_of_path(request.path)
    g.microversion = None
    if api is None or api.microversions is None:
        return
    lowest, highest = (parse(version) for version in api.microversions)
    asked = _asked(api)
    g.microversion = lowest if asked is None else highest if asked == "latest" else parse(asked)
    if not lowest <= g.microversion <= highest:
        refused, g.microversion = asked, lowest
        raise NotAcceptable(
            f"Version {refused} is not supported by the API. "
            f"Minimum is {api.microversions[0]} and maximum is {api.microversions[1]}."
        )


def _asked(api: ServedApi) -> str | None:
    for part in request.headers.get("OpenStack-API-Version", "").split(","):
        service, _, version = part.strip().partition(" ")
        if service.lower() == api.header:
            return version.strip()
    return request.headers.get(LEGACY) if api is COMPUTE else None


def announce(response: Response) -> None:
    """Add the version headers to an answer."""
    api = api_of_path(request.path)
    if api.microversions is None or g.get("microversion") is None:
        return
    version = ".".join(map(str, g.microversion))
    response.headers["OpenStack-API-Version"] = f"{api.header} {version}"
    response.headers.add("Vary", "OpenStack-API-Version")
    if api is COMPUTE:
        response.headers[LEGACY] = version
        response.headers.add("Vary", LEGACY)
