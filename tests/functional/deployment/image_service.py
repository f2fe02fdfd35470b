"""An Identity and Image API in memory, of which a deployment that publishes an image needs no more than this."""

import hashlib
import json
import ssl
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PROJECT = "a-project"
PASSWORD = "the right one"


class ImageService:
    """Serves `https://localhost:<port>`. `images`: what there is, by id; `verdict`: what an upload's status becomes."""

    def __init__(self, certificate, key):
        self.images = {}
        self.verdict = "active"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method, path, query, body):
        """The status, headers and document of one request."""
        if path == "/identity/v3/auth/tokens":
            if json.loads(body)["auth"]["identity"]["password"]["user"]["password"] != PASSWORD:
                return 401, {}, {"error": {"message": "wrong password"}}
            endpoint = {"interface": "public", "url": f"{self.url}/image/v2"}
            catalog = [{"type": "image", "endpoints": [endpoint]}]
            return 201, {"X-Subject-Token": "t"}, {"token": {"project": {"id": PROJECT}, "catalog": catalog}}
        image_id = path.removeprefix("/image/v2/images").strip("/").split("/")[0]
        if not image_id:
            return self._collection(method, query, body)
        if image_id not in self.images:
            return 404, {}, None
        return self._one(method, self.images[image_id], path, body)

    def _collection(self, method, query, body):
        if method == "POST":
            image = {"id": str(uuid.uuid4()), "owner": PROJECT, "status": "queued", "os_hash_value": None}
            image |= json.loads(body)
            self.images[image["id"]] = image
            return 201, {}, image
        named = [image for image in self.images.values() if [image["name"]] == query["name"]]
        return 200, {}, {"images": named[::-1]}

    def _one(self, method, image, path, body):
        if method == "DELETE":
            del self.images[image["id"]]
        elif path.endswith("/file"):
            image |= {"status": self.verdict, "os_hash_value": hashlib.sha512(body).hexdigest()}
        elif method == "PATCH":
            image |= {change["path"].strip("/"): change["value"] for change in json.loads(body)}
        return (200, {}, image) if method in ("GET", "PATCH") else (204, {}, None)

    def _handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self):
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, document = service.answer(self.command, url.path, parse_qs(url.query), body)
                content = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, *_arguments):
                pass

        return Handler
