"""Uploads are judged by a real, confined qemu-img; caches fetch from a real HTTPS server."""

import hashlib
import http.server
import importlib
import os
import re
import ssl
import subprocess
import threading
import uuid
from pathlib import Path

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils import confinement, qemu_img

image_file = importlib.import_module("ansible_collections.tenrec.cloud.plugins.modules.image_file")
image_cache = importlib.import_module("ansible_collections.tenrec.cloud.plugins.modules.image_cache")
MIB = 1 << 20
TOKEN = "gAAAAA-a-token"


@pytest.fixture
def judge(converge, host):
    def run(path, disk_format):
        item = {"id": str(uuid.uuid4()), "path": str(path), "disk_format": disk_format}
        outcome = converge(image_file.ImageFile, image_file.ARGUMENTS, [item], images=str(host.images))
        return outcome["results"][0]

    return run


@pytest.mark.parametrize("disk_format", ["raw", "qcow2", "vmdk", "vdi", "vhdx"])
def test_a_good_image_is_measured(judge, make_image, disk_format):
    path = make_image(disk_format, "8M")
    path.chmod(0o600)
    result = judge(path, disk_format)
    assert result["virtual_size"] == 8 * MIB, result
    assert result["size"] == path.stat().st_size
    assert result["sha512"] == hashlib.sha512(path.read_bytes()).hexdigest()
    assert result["md5"] == hashlib.md5(path.read_bytes()).hexdigest()
    assert result["changed"] is False


def test_a_file_that_another_user_owns_is_measured(judge, make_image):
    path = make_image("qcow2", "8M")
    path.chmod(0o600)
    os.chown(path, 65534, 65534)
    assert judge(path, "qcow2")["virtual_size"] == 8 * MIB


@pytest.mark.parametrize(
    ("disk_format", "options", "declared", "reason"),
    [
        ("qcow2", (), "raw", "declared as raw but its content is qcow2"),
        ("raw", (), "qcow2", "declared as qcow2 but its content is raw"),
        ("qcow2", ("-u", "-b", "/etc/shadow", "-F", "raw"), "qcow2", "has a backing file"),
        ("qcow2", ("-u", "-b", "json:{}", "-F", "raw"), "qcow2", "could not be read|has a backing file"),
        ("qcow2", ("-o", "data_file=/tmp/tenrec-test-data"), "qcow2", "could not be read|data in another file"),
        (
            "qcow2",
            ("--object", "secret,id=s,data=secret", "-o", "encrypt.format=aes,encrypt.key-secret=s"),
            "qcow2",
            "is encrypted",
        ),
        ("vmdk", ("-o", "subformat=monolithicFlat"), "vmdk", "could not be read|is not supported"),
        ("raw", (), "exe", "disk format 'exe' is not supported; valid are iso, qcow2, raw, vdi, vhd, vhdx, vmdk"),
    ],
)
def test_a_bad_image_is_refused_with_the_reason(judge, make_image, disk_format, options, declared, reason):
    path = make_image(disk_format, "8M", *options)
    Path("/tmp/tenrec-test-data").unlink(missing_ok=True)
    error = judge(path, declared)["error"]
    assert re.search(reason, error), error


def test_a_link_to_another_file_is_refused(judge, tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert judge(tmp_path / "link", "raw")["error"] == "the uploaded file is not a plain file"
    assert judge(tmp_path / "none", "raw")["error"] == "the uploaded file is not on the controller"


def test_what_runs_confined_sees_no_other_file_and_no_network(tmp_path):
    (tmp_path / "image").write_text("content\n")
    look = [
        "sh",
        "-c",
        "cat /source; ls /; ls /etc /home /root /proc/1; cat /sys/class/net/eth0/address; id -u; ulimit -v",
    ]
    command = confinement.confined_command(look, readable={"/source": tmp_path / "image"}, owner=(65534, 65534))
    (tmp_path / "image").chmod(0o644)
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert seen == ["content", "bin", "dev", "lib", "lib64", "source", "usr", "65534", str(1 << 20)]


def test_a_removed_image_is_gone(converge, host):
    image_id = str(uuid.uuid4())
    (host.images / image_id).write_bytes(b"x")

    def remove():
        parameters = {"images": str(host.images), "state": "absent"}
        return converge(image_file.ImageFile, image_file.ARGUMENTS, [{"id": image_id}], **parameters)["results"]

    assert remove() == [{"id": image_id, "changed": True}]
    assert remove() == [{"id": image_id, "changed": False}]
    assert list(host.images.iterdir()) == []


class ImageService:
    """An HTTPS server with a certificate of its own authority; counts what it was asked."""

    def __init__(self, folder: Path):
        self.authority = folder / "ca.pem"
        self.content: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        # So many bytes more are promised than come.
        self.withheld = 0
        key = folder / "key.pem"
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        subprocess.run(
            [
                *words,
                "-keyout",
                str(key),
                "-out",
                str(self.authority),
                "-days",
                "1",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ],
            check=True,
            capture_output=True,
        )
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append((self.path, self.headers["X-Auth-Token"]))
                if self.path == "/moved":
                    self.send_response(302)
                    self.send_header("Location", "/image")
                    self.end_headers()
                    return
                if self.path == "/busy":
                    self.send_error(503)
                    return
                body = service.content.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"") + service.withheld))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_words):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"https://localhost:{self._server.server_port}{path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def service(tmp_path, make_image):
    server = ImageService(tmp_path)
    server.content["/image"] = make_image("qcow2", "8M").read_bytes()
    yield server
    server.stop()


@pytest.fixture
def item(service):
    return {
        "id": str(uuid.uuid4()),
        "disk_format": "qcow2",
        "sha512": hashlib.sha512(service.content["/image"]).hexdigest(),
        "url": service.url("/image"),
        "token": TOKEN,
    }


@pytest.fixture
def cache(converge, host, service):
    def run(item, **options):
        parameters = {"cache": str(host.image_cache), "servers": str(host.servers), "authority": str(service.authority)}
        return converge(image_cache.ImageCache, image_cache.ARGUMENTS, [item], **{**parameters, **options})["results"][
            0
        ]

    return run


def images_in(host):
    return sorted(file.name for file in host.image_cache.iterdir() if not file.name.endswith(".lock"))


def test_an_image_is_fetched_once_with_the_token(cache, host, service, item):
    assert cache(item) == {"id": item["id"], "changed": True}
    assert cache(item) == {"id": item["id"], "changed": False}
    assert (host.image_cache / item["id"]).read_bytes() == service.content["/image"]
    assert service.asked == [("/image", TOKEN)]


def test_two_at_once_fetch_an_image_once(cache, service, item):
    results = []
    runs = [threading.Thread(target=lambda: results.append(cache(item))) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [result["id"] for result in results] == [item["id"]] * 4
    assert "error" not in {key for result in results for key in result}
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sha512": "0" * 128}, r"the image's SHA-512 is \w+…, expected 0000000000000000…"),
        ({"disk_format": "raw"}, "declared as raw but its content is qcow2"),
        ({"url": "/none"}, "could not be fetched: HTTP Error 404"),
        ({"url": "/moved"}, "could not be fetched: HTTP Error 302"),
        ({"url": "http://localhost/image"}, "must begin with https://"),
        ({"url": "file:///etc/passwd"}, "must begin with https://"),
        ({"url": None}, "cannot be fetched without url"),
    ],
)
def test_an_image_that_is_not_the_right_one_leaves_nothing(cache, host, service, item, changes, error):
    if (changes.get("url") or "").startswith("/"):
        changes = {"url": service.url(changes["url"])}
    result = cache(item | changes)
    assert re.search(error, result["error"]), result
    assert TOKEN not in result["error"]
    assert "transient" not in result
    assert images_in(host) == []


def test_a_service_that_dies_while_it_answers_may_be_asked_again(cache, host, service, item):
    busy = cache(item | {"url": service.url("/busy")})
    service.withheld = 1000
    short = cache(item)
    service.withheld = 0
    gone = cache(item | {"url": "https://localhost:1/image"})
    assert "HTTP Error 503" in busy["error"] and "the last 1000 bytes did not come" in short["error"]
    assert [each["transient"] for each in (busy, short, gone)] == [True] * 3
    assert images_in(host) == []
    assert cache(item)["changed"] is True


def test_a_server_of_another_authority_is_not_believed(cache, host, service, item):
    result = cache(item, authority="/etc/ssl/certs/ca-certificates.crt")
    assert "CERTIFICATE_VERIFY_FAILED" in result["error"] and "transient" not in result
    assert service.asked == []


def test_a_cut_off_image_is_fetched_again(cache, host, service, item):
    cache(item)
    (host.image_cache / f".{item['id']}-dead-run").write_bytes(b"half")
    (host.image_cache / item["id"]).write_bytes(b"half")
    assert cache(item)["changed"] is True
    assert (host.image_cache / item["id"]).read_bytes() == service.content["/image"]
    assert images_in(host) == [item["id"], f"{item['id']}.json"]


def test_check_mode_fetches_nothing(cache, host, service, item):
    assert cache(item, check_mode=True)["changed"] is True
    assert (images_in(host), service.asked) == ([], [])


def test_an_image_stays_while_a_disk_is_built_on_it(cache, host, item):
    cache(item)
    disk = host.servers / str(uuid.uuid4()) / "disk.qcow2"
    disk.parent.mkdir()
    subprocess.run(qemu_img.overlay_command(str(disk), str(host.image_cache / item["id"]), "qcow2", MIB), check=True)
    kept = cache({"id": item["id"]}, state="absent")
    assert kept == {"id": item["id"], "changed": False, "kept_for": [disk.parent.name]}
    disk.unlink()
    assert cache({"id": item["id"]}, state="absent") == {"id": item["id"], "changed": True}
    assert list(host.image_cache.iterdir()) == []
    assert cache({"id": item["id"]}, state="absent") == {"id": item["id"], "changed": False}
