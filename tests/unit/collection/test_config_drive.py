"""What is on a config drive."""

import base64
import json

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.config_drive import config_drive_files

META_DATA = {
    "uuid": "2d6a5a3e-2d4f-4a4f-8d7e-5c1f7a9d2b11",
    "hostname": "{{ lookup('pipe', 'id') }}",
    "public_keys": {"laptop": "ssh-ed25519 AAAA me"},
    "availability_zone": "nova",
}


def drive(**changes):
    """A config drive's content with some parts changed."""
    return {"meta_data": META_DATA, "network_data": {"links": []}, "user_data": None, "vendor_data": {}} | changes


def test_every_version_has_the_documents_as_they_were_given():
    files = config_drive_files(drive())
    for version in ("latest", "2018-08-27"):
        assert json.loads(files[f"openstack/{version}/meta_data.json"]) == META_DATA
        assert json.loads(files[f"openstack/{version}/network_data.json"]) == {"links": []}
        assert json.loads(files[f"openstack/{version}/vendor_data.json"]) == {}


def test_user_data_is_the_bytes_that_were_encoded():
    data = b"#!/bin/sh\necho '{{ 7 * 7 }}' \x00\xff\n"
    files = config_drive_files(drive(user_data=base64.b64encode(data).decode()))
    assert files["openstack/latest/user_data"] == data
    assert files["ec2/latest/user-data"] == data


def test_without_user_data_there_is_no_such_file():
    assert not [name for name in config_drive_files(drive()) if "user" in name]
    assert not [name for name in config_drive_files(drive(user_data="")) if "user" in name]


def test_ec2_meta_data_speaks_of_the_same_server():
    document = json.loads(config_drive_files(drive())["ec2/latest/meta-data.json"])
    assert document["instance-id"] == META_DATA["uuid"]
    assert document["local-hostname"] == META_DATA["hostname"]
    assert document["public-keys"] == {"0": {"_name": "0=laptop", "openssh-key": "ssh-ed25519 AAAA me"}}
    assert document["placement"] == {"availability-zone": "nova"}


def test_documents_that_are_missing_are_empty():
    files = config_drive_files({"meta_data": None, "network_data": None, "vendor_data": None, "user_data": None})
    assert json.loads(files["openstack/latest/meta_data.json"]) == {}


@pytest.mark.parametrize("user_data", ["not base64!", "YQ=", "ЖЖ=="])
def test_user_data_that_is_no_base64_is_refused(user_data):
    with pytest.raises(ValueError, match="the user data is not valid base64"):
        config_drive_files(drive(user_data=user_data))
