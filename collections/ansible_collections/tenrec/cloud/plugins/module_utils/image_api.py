"""A small client of the Identity and Image APIs, for a deployment that publishes an image. Standard library only."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

PATCH_TYPE = "application/openstack-images-v2.1-json-patch"


class ApiError(Exception):
    """The cloud could not be reached, or refused a request; the message says which and why."""


class ImageApi:
    """The images of one project, as one account sees them."""

    def __init__(self, credentials, ca_file, timeout):
        """Authenticate.

        Arguments: credentials: dict of auth_url, username, password, project, domain. ca_file: path of the authority's
        certificate. timeout: seconds for one answer. Raises ApiError.
        """
        self._timeout = timeout
        self._context = ssl.create_default_context(cafile=ca_file)
        self._token = None
        self.project_id = None
        self._endpoint = self._authenticate(credentials)

    def images(self, name):
        """The public images of this project named `name`, newest first."""
        query = urllib.parse.urlencode({"name": name, "visibility": "public", "sort": "created_at:desc"})
        found = self._request("GET", f"{self._endpoint}/v2/images?{query}")["images"]
        return [image for image in found if image["owner"] == self.project_id]

    def image(self, image_id):
        """One image."""
        return self._request("GET", f"{self._endpoint}/v2/images/{image_id}")

    def create(self, document):
        """Register an image without data. Returns it."""
        return self._request("POST", f"{self._endpoint}/v2/images", document)

    def upload(self, image_id, path, size):
        """Stream the file at `path`, of `size` bytes, into an image."""
        with open(path, "rb") as content:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            self._send("PUT", f"{self._endpoint}/v2/images/{image_id}/file", content, headers)

    def update(self, image_id, changes):
        """Set properties: `changes` is a dict of what they shall be; those named here that are not there are added."""
        have = self.image(image_id)
        patch = [
            {"op": "replace" if key in have else "add", "path": f"/{key}", "value": value}
            for key, value in changes.items()
        ]
        body = json.dumps(patch).encode()
        self._send("PATCH", f"{self._endpoint}/v2/images/{image_id}", body, {"Content-Type": PATCH_TYPE})

    def delete(self, image_id):
        """Remove an image."""
        self._send("DELETE", f"{self._endpoint}/v2/images/{image_id}", None, {})

    def _authenticate(self, credentials):
        domain = {"name": credentials["domain"]}
        user = {"name": credentials["username"], "domain": domain, "password": credentials["password"]}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": credentials["project"], "domain": domain}},
            }
        }
        url = f"{credentials['auth_url'].rstrip('/')}/auth/tokens"
        headers, content = self._send("POST", url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        token = json.loads(content)["token"]
        self._token = headers["X-Subject-Token"]
        self.project_id = token["project"]["id"]
        for service in token["catalog"]:
            if service["type"] == "image":
                for endpoint in service["endpoints"]:
                    if endpoint["interface"] == "public":
                        return endpoint["url"].rstrip("/").removesuffix("/v2")
        raise ApiError("the catalog has no image service")

    def _request(self, method, url, document=None):
        body = None if document is None else json.dumps(document).encode()
        _headers, content = self._send(method, url, body, {"Content-Type": "application/json"} if body else {})
        return json.loads(content)

    def _send(self, method, url, body, headers):
        if self._token:
            headers = {**headers, "X-Auth-Token": self._token}
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout, context=self._context) as answer:
                return answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            raise ApiError(f"{method} {url}: {error.code} {error.read(2000).decode(errors='replace')}") from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise ApiError(f"{method} {url}: {getattr(error, 'reason', error)}") from None


def wait_until_active(api, image_id, deadline, interval=0.5, sleep=time.sleep):
    """Wait for an image whose data was sent. Raises ApiError when it ends in another state or the deadline passes."""
    while True:
        image = api.image(image_id)
        if image["status"] == "active":
            return image
        if image["status"] not in ("queued", "saving", "importing"):
            raise ApiError(f"image {image_id} became {image['status']}: its data was refused")
        if deadline.passed:
            raise ApiError(f"image {image_id} is still {image['status']}; is the worker running?")
        sleep(deadline.remaining(at_most=interval))
