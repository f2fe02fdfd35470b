"""A file is published once, again when it changed, and never half."""

import hashlib

import pytest

from tests.functional.deployment.image_service import PASSWORD, ImageService


@pytest.fixture
def service(run_module, tmp_path):
    """An image service with a certificate of its own authority."""
    hosts = [{"name": "cloud", "names": ["localhost"]}]
    run_module("certificates", directory=str(tmp_path / "tls"), authority_name="Test", hosts=hosts)
    service = ImageService(tmp_path / "tls/cloud.pem", tmp_path / "tls/cloud.key")
    yield service
    service.stop()


@pytest.fixture
def publish(run_module, service, tmp_path):
    """Call it with the file's content and further options: the module, for an image named `tiny`."""

    def run(content, check=False, **options):
        (tmp_path / "tiny.qcow2").write_bytes(content)
        account = {"username": "admin", "password": PASSWORD, "project": "admin"}
        where = {"auth_url": f"{service.url}/identity/v3", "ca_file": str(tmp_path / "tls/ca.pem")}
        image = {"name": "tiny", "path": str(tmp_path / "tiny.qcow2"), "min_ram": 96, "deadline": 5}
        return run_module("published_image", check=check, **{**account, **where, **image, **options})

    return run


def test_published_once(publish, service):
    assert publish(b"first", check=True)["changed"]
    assert service.images == {}
    answer = publish(b"first", properties={"os_admin_user": "guest"})
    image = service.images[answer["image_id"]]
    assert answer["changed"]
    assert image["os_hash_value"] == hashlib.sha512(b"first").hexdigest()
    assert (image["visibility"], image["min_ram"], image["os_admin_user"]) == ("public", 96, "guest")
    assert not publish(b"first", properties={"os_admin_user": "guest"})["changed"]


def test_property_changes_without_another_upload(publish, service):
    first = publish(b"first")
    assert publish(b"first", min_ram=128)["image_id"] == first["image_id"]
    assert service.images[first["image_id"]]["min_ram"] == 128


def test_new_bytes_take_the_place_of_the_old_ones(publish, service):
    old = publish(b"first")["image_id"]
    new = publish(b"second")["image_id"]
    assert old != new
    assert list(service.images) == [new]


def test_refused_data_leaves_the_old_image_and_nothing_else(publish, service):
    old = publish(b"first")["image_id"]
    service.verdict = "killed"
    answer = publish(b"second")
    assert answer["failed"]
    assert "refused" in answer["msg"]
    assert list(service.images) == [old]


def test_wrong_password_is_said_and_not_shown(publish):
    answer = publish(b"first", password="a wrong one")
    assert answer["failed"]
    assert "401" in answer["msg"]
    assert "a wrong one" not in str(answer)
