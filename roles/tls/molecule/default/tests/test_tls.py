"""What a server and a client on this host can do with the certificate."""

AUTHORITY, CERTIFICATE, KEY = (f"/etc/tenrec/tls/{name}" for name in ("ca.pem", "host.pem", "host.key"))


def test_certificate_serves_and_calls(host):
    for purpose in ("sslserver", "sslclient"):
        host.check_output(f"openssl verify -x509_strict -CAfile {AUTHORITY} -purpose {purpose} {CERTIFICATE}")


def test_certificate_names_the_host(host):
    address = host.interface("eth0").addresses[0]
    for option, name in (("host", "molecule-tls"), ("host", "localhost"), ("ip", address), ("ip", "127.0.0.1")):
        assert "does match" in host.check_output(f"openssl x509 -in {CERTIFICATE} -noout -check{option} {name}")


def test_key_belongs_to_the_certificate_and_to_root(host):
    key = host.file(KEY)
    assert (key.user, key.mode) == ("root", 0o600)
    assert host.check_output(f"openssl pkey -in {KEY} -pubout") == host.check_output(
        f"openssl x509 -in {CERTIFICATE} -noout -pubkey"
    )


def test_key_of_the_authority_stays_where_it_was_made(host):
    assert host.run("ls /etc/tenrec/tls").stdout.split() == ["ca.pem", "host.key", "host.pem"]


def test_service_was_told_of_the_certificate_that_is_there(host):
    assert host.check_output("cat /run/witness") == host.check_output(f"sha256sum < {CERTIFICATE}")
