"""Keypairs: imported and made, a user's own."""

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key

KEYPAIRS = "/compute/v2.1/os-keypairs"
# Fingerprint by `ssh-keygen -E md5 -lf`.
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKl2CmSv1g1m2nkyUKEHA4ryD4hsf/qYo9yILCyjWy5Q me@here"


def test_import(client, other, admin):
    made = client.post(KEYPAIRS, json={"keypair": {"name": "mine", "public_key": PUBLIC + "\n"}})
    assert made.status_code == 200, made.json
    keypair = made.json["keypair"]
    assert (keypair["public_key"], keypair["user_id"], keypair["type"]) == (PUBLIC, client.user_id, "ssh")
    assert len(keypair["fingerprint"].split(":")) == 16
    assert "private_key" not in keypair
    assert client.post(KEYPAIRS, json={"keypair": {"name": "mine", "public_key": PUBLIC}}).status_code == 409
    assert client.get(f"{KEYPAIRS}/mine").json["keypair"]["fingerprint"] == keypair["fingerprint"]
    assert other.get(f"{KEYPAIRS}/mine").status_code == 404
    assert other.get(f"{KEYPAIRS}/mine", query_string={"user_id": client.user_id}).status_code == 403
    assert admin.get(f"{KEYPAIRS}/mine", query_string={"user_id": client.user_id}).status_code == 200
    assert [each["keypair"]["name"] for each in client.get(KEYPAIRS).json["keypairs"]] == ["mine"]
    assert client.delete(f"{KEYPAIRS}/mine").status_code == 202
    assert client.delete(f"{KEYPAIRS}/mine").status_code == 404


def test_a_pair_is_made_and_its_private_half_told_once(client):
    made = client.post(KEYPAIRS, json={"keypair": {"name": "new", "public_key": None}}).json["keypair"]
    private = load_ssh_private_key(made["private_key"].encode(), None)
    assert private.public_key() == load_ssh_public_key(made["public_key"].encode())
    assert "private_key" not in client.get(f"{KEYPAIRS}/new").json["keypair"]


def test_a_server_has_its_key(client, make, worker):
    client.post(KEYPAIRS, json={"keypair": {"name": "mine", "public_key": PUBLIC}})
    server_id = make(key_name="mine")
    worker.run()
    meta = worker.items[-1]["config_drive"]["meta_data"]
    assert meta["public_keys"] == {"mine": PUBLIC}
    assert meta["keys"] == [{"name": "mine", "type": "ssh", "data": PUBLIC}]
    client.delete(f"{KEYPAIRS}/mine")
    assert client.get(f"/compute/v2.1/servers/{server_id}").json["server"]["key_name"] == "mine"


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "", "public_key": PUBLIC},
        {"name": "a;b", "public_key": PUBLIC},
        {"name": "x" * 256, "public_key": PUBLIC},
        {"name": "a", "public_key": "no key"},
        {"name": "a", "public_key": "ssh-rsa AAAA"},
        {"name": "a", "public_key": f"{PUBLIC}\n{PUBLIC}"},
        {"name": "a", "public_key": 5},
        {"name": "a", "public_key": "ssh-ed25519 " + "A" * 20000},
        {"name": "a", "type": "x509"},
        {"name": None},
        {"public_key": PUBLIC},
        {"name": "a", "more": 1},
    ],
)
def test_what_is_wrong_is_refused(client, bad):
    assert client.post(KEYPAIRS, json={"keypair": bad}).status_code == 400


def test_the_quota(client, admin):
    path = f"/compute/v2.1/os-quota-sets/{client.project_id}"
    admin.put(path, json={"quota_set": {"key_pairs": 1}})
    assert client.post(KEYPAIRS, json={"keypair": {"name": "a", "public_key": PUBLIC}}).status_code == 200
    assert client.post(KEYPAIRS, json={"keypair": {"name": "b", "public_key": PUBLIC}}).status_code == 403
