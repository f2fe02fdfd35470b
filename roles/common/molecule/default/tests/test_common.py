"""What the other roles find on a host that is ready."""


def test_modules_python_has_the_switch_bindings_and_sees_the_distribution(host):
    script = "import ovs.stream, sys; print('/usr/lib/python3/dist-packages' in sys.path)"
    assert host.check_output("/opt/tenrec/node/bin/python -c %s", script) == "True"
    script = "from importlib.metadata import version; print(version('ovs'))"
    assert host.check_output("/opt/tenrec/node/bin/python -c %s", script) == "4.0.0"


def test_packages_of_the_roles_are_there_and_started_nothing(host):
    assert host.package("memcached").is_installed
    assert not host.service("memcached").is_running


def test_account_cannot_log_in(host):
    account = host.user("tenrec")
    assert account.shell == "/usr/sbin/nologin"
    assert account.uid < 1000


def test_folders_belong_to_root(host):
    for path in ("/etc/tenrec", "/etc/tenrec/tls", "/opt/tenrec", "/run/tenrec", "/var/lib/tenrec"):
        folder = host.file(path)
        assert (folder.user, folder.mode) == ("root", 0o755)


def test_hosts_know_each_other(host):
    assert host.addr("storage-7").ipv4_addresses == ["192.0.2.7"]
