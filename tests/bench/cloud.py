"""A caller of the OpenStack APIs over plain HTTP: one token, one kept connection for each thread."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from launcher.paths import CLOUDS

TIMEOUT_SECONDS = 60


class Refused(RuntimeError):
    """The API did not answer as it should have; the message has its words."""


class Cloud:
    """A user with a token for one project. Paths begin with the API's name: ``/compute/v2.1/servers``."""

    def __init__(self, root: str, authority: str, auth: dict[str, str]):
        self.root = root
        self._authority = authority
        self._auth = auth
        self._local = threading.local()
        self.token = ""
        self.project_id = ""
        self.authenticate()

    @classmethod
    def deployed(cls, name: str) -> "Cloud":
        """The cloud that was deployed, as the user of that entry of clouds.yaml."""
        entry = json.loads(CLOUDS.read_text())["clouds"][name]
        return cls(entry["auth"]["auth_url"].partition("/identity")[0], entry["cacert"], entry["auth"])

    def at(self, root: str, **auth: str) -> "Cloud":
        """The same caller, with another `auth` where that is given, at another cloud with the same authority."""
        return Cloud(root, self._authority, self._auth | auth)

    def authenticate(self) -> None:
        """Get a token by password."""
        user = {"name": self._auth["username"], "domain": {"id": "default"}, "password": self._auth["password"]}
        scope = {"project": {"name": self._auth["project_name"], "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        answer = self.request("POST", "/identity/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        self.token = answer.headers["X-Subject-Token"]
        self.project_id = answer.json()["token"]["project"]["id"]

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """One request; raises Refused unless it succeeds."""
        answer = self._send(method, path, body, headers)
        if not answer.ok:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> requests.Response:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.verify = self._authority
        if self.token:
            headers = {"X-Auth-Token": self.token, **headers}
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        return session.request(method, self.root + path, headers=headers, timeout=TIMEOUT_SECONDS, **content)

    def get(self, path: str) -> Any:
        """The JSON document at `path`."""
        return self.request("GET", path).json()

    def post(self, path: str, body: Any) -> Any:
        """The answer to `body`; None when it is empty."""
        answer = self.request("POST", path, body)
        return answer.json() if answer.content else None

    def put(self, path: str, body: Any) -> Any:
        """The answer to `body`."""
        return self.request("PUT", path, body).json()

    def delete(self, path: str) -> None:
        """Ask for a deletion; what is not there is deleted already."""
        answer = self._send("DELETE", path, None, {})
        if not answer.ok and answer.status_code != 404:
            raise Refused(f"DELETE {path}: {answer.status_code} {answer.text[:500]}")

    def gone(self, path: str) -> bool:
        """Whether there is nothing (any more) at `path`."""
        return self._send("GET", path, None, {}).status_code == 404

    def status(self, server_id: str) -> str:
        """The server's status; raises Refused when that is ERROR."""
        server = self.get(f"/compute/v2.1/servers/{server_id}")["server"]
        if server["status"] == "ERROR":
            raise Refused(f"server {server_id} is in ERROR: {server.get('fault')}")
        return server["status"]


def wait(question: Callable[[], bool], what: str, seconds: float = 120, pause: float = 0.04) -> float:
    """Ask until the answer is true; returns the monotonic clock then. Raises Refused, naming `what`, if it is late."""
    until = time.monotonic() + seconds
    while not question():
        if time.monotonic() > until:
            raise Refused(f"{what} did not happen within {seconds:g} s")
        time.sleep(pause)
    return time.monotonic()
