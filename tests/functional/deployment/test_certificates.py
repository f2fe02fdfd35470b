"""The certificates that the deployment makes, as OpenSSL sees them."""

import stat
import subprocess

import pytest


@pytest.fixture
def options(tmp_path):
    """Options for one host, whose certificates lie in a folder of the test."""
    return {
        "directory": str(tmp_path / "tls"),
        "authority_name": "Test",
        "hosts": [{"name": "node-1", "names": ["node-1"], "addresses": ["192.0.2.1"]}],
    }


def verify(folder, name, *more):
    """Whether OpenSSL, at its strictest, trusts the certificate of `name`."""
    command = ["openssl", "verify", "-x509_strict", "-CAfile", f"{folder}/ca.pem", *more, f"{folder}/{name}.pem"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_serves_and_calls_under_its_names_only(run_module, options):
    folder = options["directory"]
    assert run_module("certificates", **options)["made"] == {"ca": "it is absent", "node-1": "it is absent"}
    for purpose in ("sslserver", "sslclient"):
        assert verify(folder, "node-1", "-purpose", purpose, "-verify_ip", "192.0.2.1")
    assert not verify(folder, "node-1", "-verify_ip", "192.0.2.2")
    assert verify(folder, "node-1", "-verify_hostname", "node-1")


def test_keys_are_private_and_a_second_run_changes_nothing(run_module, options, tmp_path):
    run_module("certificates", **options)
    folder = tmp_path / "tls"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(before) == ["ca.key", "ca.pem", "node-1.key", "node-1.pem"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.key")} == {0o600}
    assert not run_module("certificates", **options)["changed"]
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_address_makes_the_hosts_certificate_anew_and_no_other(run_module, options, tmp_path):
    run_module("certificates", **options)
    authority = (tmp_path / "tls" / "ca.pem").read_bytes()
    options["hosts"][0]["addresses"] = ["192.0.2.2"]
    assert run_module("certificates", check=True, **options)["made"] == {"node-1": "its names are others"}
    assert not verify(options["directory"], "node-1", "-verify_ip", "192.0.2.2"), "check mode made something"
    assert run_module("certificates", **options)["made"] == {"node-1": "its names are others"}
    assert verify(options["directory"], "node-1", "-verify_ip", "192.0.2.2")
    assert (tmp_path / "tls" / "ca.pem").read_bytes() == authority


def test_what_nears_its_end_is_renewed(run_module, options):
    run_module("certificates", **options, days=30, renew_days=10)
    assert list(run_module("certificates", **options, renew_days=60)["made"]) == ["node-1"]
    assert run_module("certificates", **options, renew_days=60)["made"] == {}


def test_a_new_authority_signs_every_host_anew(run_module, options, tmp_path):
    run_module("certificates", **options)
    (tmp_path / "tls" / "ca.key").unlink()
    assert run_module("certificates", check=True, **options)["made"] == {
        "ca": "it is absent",
        "node-1": "another authority signed it",
    }
    run_module("certificates", **options)
    assert verify(options["directory"], "node-1")


def test_a_name_that_leads_out_of_the_folder_is_refused(run_module, options):
    options["hosts"][0]["name"] = "../node"
    result = run_module("certificates", **options)
    assert result["failed"]
    assert "'../node' cannot name a file" in result["msg"]
