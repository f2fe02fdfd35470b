"""What a client at the TLS port finds. Behind it, an echo server stands in for the API."""

import json

CURL = "curl --silent --cacert /etc/tenrec/tls/ca.pem"
BIG = "head -c 9000000 /dev/zero"


def status(host, arguments):
    return host.check_output(f"{CURL} -o /dev/null -w '%{{http_code}}' {arguments}")


def test_every_api_is_passed_on_with_its_prefix(host):
    for name in ("identity", "image", "compute", "network", "volume", "placement", "tenrec"):
        answer = json.loads(host.check_output(f"{CURL} 'https://localhost/{name}/v3/a?b=%2F'"))
        assert answer["path"] == f"/{name}/v3/a?b=%2F"


def test_another_path_is_answered_in_json(host):
    answer = json.loads(host.check_output(f"{CURL} https://localhost/identityx"))
    assert answer["error"]["code"] == 404


def test_what_a_client_says_of_itself_is_replaced(host):
    claims = ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: http", "Forwarded: for=6.6.6.6", "X-Forwarded-Prefix: /x")
    lies = " ".join(f"-H '{claim}'" for claim in claims)
    headers = json.loads(host.check_output(f"{CURL} {lies} https://127.0.0.1/identity/"))["headers"]
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert "Forwarded" not in headers
    assert "X-Forwarded-Prefix" not in headers


def test_a_large_request_is_refused_with_a_reason(host):
    answer = host.check_output(
        f"{BIG} | {CURL} -X PUT --data-binary @- -H 'Expect:' https://localhost/compute/v2.1/servers"
    )
    assert json.loads(answer)["error"]["code"] == 413


def test_image_data_streams_past_the_limit(host):
    url = "https://localhost/image/v2/images/0e6b/file"
    for source in ("-T -", "--data-binary @- -X PUT"):
        answer = json.loads(host.check_output(f"{BIG} | {CURL} {source} {url}"))
        assert answer["received"] == 9000000


def test_headers_that_are_too_large_are_refused(host):
    script = "printf 'header = \"X-Auth-Token: %s\"\\n' $(head -c 40000 /dev/zero | tr '\\0' a)"
    answer = host.check_output(f"{script} | {CURL} -K - https://localhost/identity/")
    assert json.loads(answer)["error"]["code"] == 400


def test_api_that_is_away_is_answered_with_503_and_comes_back(host):
    host.check_output("systemctl stop echo")
    try:
        assert status(host, "https://localhost/identity/") == "503"
    finally:
        host.check_output("systemctl start echo")
    once_more = f"{CURL} --fail https://localhost/identity/ > /dev/null && exit"
    assert host.run(f"for i in $(seq 100); do {once_more}; sleep 0.1; done; exit 1").rc == 0


def test_old_tls_is_refused(host):
    assert host.run(f"{CURL} --tls-max 1.1 https://localhost/identity/").rc == 35
    assert host.run(f"{CURL} --tlsv1.3 https://localhost/identity/").rc == 0


def test_only_the_tls_port_is_open(host):
    ports = [
        line.split()[3].rsplit(":", 1)[1] for line in host.check_output("ss -Hltnp").splitlines() if "nginx" in line
    ]
    assert set(ports) == {"443"}


def test_a_proxy_that_was_killed_comes_back(host):
    host.check_output("systemctl kill --signal=KILL nginx")
    asking = f"{CURL} --fail https://localhost/identity/ > /dev/null"
    host.check_output(f"for n in $(seq 100); do {asking} && exit; sleep 0.1; done; exit 1")
