"""What a client of the broker on this host finds."""


def test_takes_the_password_and_no_other(host):
    assert host.run("rabbitmqctl -q authenticate_user tenrec molecule-only-0123456789").rc == 0
    assert host.run("rabbitmqctl -q authenticate_user tenrec guest").rc != 0


def test_knows_one_account_only(host):
    assert host.check_output("rabbitmqctl -q --no-table-headers list_users").split() == ["tenrec", "[]"]


def test_account_may_use_the_virtual_host(host):
    assert host.check_output("rabbitmqctl -q --no-table-headers list_user_permissions tenrec").split() == [
        "/",
        ".*",
        ".*",
        ".*",
    ]


def test_broker_mapper_and_erlang_listen_on_loopback_only(host):
    assert host.socket("tcp://127.0.0.1:5672").is_listening
    for line in host.check_output("ss -Hltnp").splitlines():
        if "beam" in line or "epmd" in line or ":4369" in line:
            assert line.split()[3].startswith(("127.0.0.1:", "[::1]:")), line


def test_password_is_kept_as_a_hash(host):
    assert host.run("grep -rqsF molecule-only-0123456789 /etc/rabbitmq /var/lib/rabbitmq").rc == 1
    definitions = host.file("/etc/rabbitmq/definitions.json")
    assert (definitions.group, definitions.mode) == ("rabbitmq", 0o640)
