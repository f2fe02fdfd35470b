"""What the proxy finds at the API's socket, and what others find of its secrets."""

import json

CURL = "runuser -u www-data -- curl --silent --unix-socket /run/tenrec/api.sock"
URL = "http://localhost/identity/v3/auth/tokens"


def login(name, password, project):
    domain = {"id": "default"}
    return json.dumps(
        {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": name, "domain": domain, "password": password}},
                },
                "scope": {"project": {"name": project, "domain": domain}},
            }
        }
    )


def ask_token(host, *who):
    answer = host.run(f"{CURL} -D - -H 'Content-Type: application/json' -d %s {URL}", login(*who)).stdout
    head, _, body = answer.replace("\r", "").partition("\n\n")
    return head, json.loads(body)


def test_admin_and_member_get_tokens_with_a_catalog(host):
    for who, role in (
        (("tenrec-admin", "molecule-only-admin", "admin"), "admin"),
        (("tenrec", "molecule-only-member", "demo"), "member"),
    ):
        head, body = ask_token(host, *who)
        assert head.startswith("HTTP/1.1 201")
        assert role in [each["name"] for each in body["token"]["roles"]]
        urls = {each["url"] for service in body["token"]["catalog"] for each in service["endpoints"]}
        assert urls
        assert all(url.startswith("https://192.0.2.10/") for url in urls)


def test_wrong_password_is_refused(host):
    head, _ = ask_token(host, "tenrec-admin", "molecule-only-member", "admin")
    assert head.startswith("HTTP/1.1 401")


def test_only_the_proxy_may_connect(host):
    assert (
        host.run("runuser -u nobody -- curl --silent --unix-socket /run/tenrec/api.sock http://localhost/identity/").rc
        == 7
    )


def test_secrets_are_unreadable_for_others(host):
    for path in ("/etc/tenrec/api.toml", "/etc/tenrec/bootstrap/admin", "/etc/tenrec/fernet-keys/0"):
        assert host.file(path).exists
        assert host.run(f"runuser -u nobody -- cat {path}").rc != 0


def test_a_restart_loses_no_request(host):
    script = (
        "for i in $(seq 40); do "
        f"{CURL} -o /dev/null -w '%{{http_code}}\\n' http://localhost/identity/; sleep 0.05; done > /tmp/codes & "
        "sleep 0.3; systemctl restart tenrec-api; wait; sort -u /tmp/codes"
    )
    assert host.check_output(script) == "300"


def test_runs_confined(host):
    pid = host.check_output("systemctl show -p MainPID --value tenrec-api")
    status = host.file(f"/proc/{pid}/status").content_string
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert fields["CapBnd"].strip() == "0000000000000000"
    assert fields["NoNewPrivs"].strip() == "1"
    assert fields["Seccomp"].strip() == "2"


def test_manage_says_that_nothing_is_left_to_do(host):
    assert host.check_output("tenrec-manage db check").endswith("unchanged")
