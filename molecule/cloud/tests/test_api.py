"""The API, as its clients see it: over TLS, by password."""

import openstack
import pytest
from openstack.exceptions import SDKException

from launcher.story.cloud import IMAGE_NAME


def connect(entry, **changes):
    return openstack.connect(load_yaml_config=False, load_envvars=False, **{**entry, **changes})


def test_password_gives_a_token(member):
    assert member.authorize().startswith("gAAAA")


def test_wrong_password_gives_none(entries):
    entry = entries["tenrec"]
    with pytest.raises(SDKException, match="HTTP 401"):
        connect(entry, auth={**entry["auth"], "password": "another"}).authorize()


def test_certificate_is_of_the_clouds_own_authority(entries):
    with pytest.raises(SDKException, match="CERTIFICATE_VERIFY_FAILED"):
        connect(entries["tenrec"], cacert=None).authorize()


def test_catalogue_leads_to_every_service(member):
    kinds = {service["type"] for service in member.service_catalog}
    assert {"identity", "image", "compute", "network", "volumev3", "placement"} <= kinds


def test_the_first_image_is_there(member):
    assert member.image.find_image(IMAGE_NAME, ignore_missing=False).status == "active"


def test_every_compute_node_is_up(admin, hosts):
    services = {each.host: each.state for each in admin.compute.services(binary="nova-compute")}
    assert services == dict.fromkeys(hosts.names("compute"), "up")
