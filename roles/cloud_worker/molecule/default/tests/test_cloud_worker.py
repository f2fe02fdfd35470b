"""What the worker can do on the hosts, and what its key cannot."""

ANSIBLE = (
    "cd / && runuser -u tenrec -- env HOME=/run/tenrec/runs ANSIBLE_HOME=/run/tenrec/runs/probe "
    "ANSIBLE_CONFIG=/etc/tenrec/ansible.cfg "
    "/opt/tenrec/api/bin/ansible -i /etc/tenrec/inventory.yml"
)
SSH = "ssh -F none -i /tmp/key -o BatchMode=yes"
KNOWN = "-o UserKnownHostsFile=/etc/tenrec/ssh/known_hosts"
ANY = "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no"


def test_worker_runs(host):
    assert host.service("tenrec-worker").is_running
    assert host.service("tenrec-worker").is_enabled


def test_modules_run_as_root_with_the_nodes_python(host):
    output = host.check_output(
        f"{ANSIBLE} compute -m ansible.builtin.setup -a 'gather_subset=!all,min filter=ansible_user_id,ansible_python'"
    )
    assert '"ansible_user_id": "root"' in output
    assert '"executable": "/opt/tenrec/node/bin/python"' in output


def test_collection_is_where_the_worker_looks(host):
    assert host.file(
        "/opt/tenrec/api/lib/python3.11/site-packages/ansible_collections/tenrec/cloud/playbooks/server_create.yml"
    ).is_file


def test_only_the_worker_reads_the_key(host):
    key = host.file("/etc/tenrec/ssh/id_ed25519")
    assert (key.user, key.mode) == ("tenrec", 0o400)


def test_key_gives_no_terminal_and_no_forwarding(host):
    address = host.interface("eth0").addresses[0]
    host.check_output("install -m 0600 /etc/tenrec/ssh/id_ed25519 /tmp/key")
    try:
        assert host.check_output(f"{SSH} {KNOWN} root@{address} id -u") == "0"
        assert "PTY allocation request failed" in host.run(f"{SSH} {KNOWN} -tt root@{address} true; true").stderr
        forward = f"{SSH} {KNOWN} -o ExitOnForwardFailure=yes -R 2222:localhost:22 root@{address} true || echo refused"
        assert host.check_output(forward) == "refused"
        # From an address that is not the worker's.
        assert host.check_output(f"{SSH} {ANY} root@::1 true || echo refused") == "refused"
    finally:
        host.check_output("rm -f /tmp/key")


def test_host_with_another_key_is_not_trusted(host):
    command = f"{ANSIBLE} compute -m ansible.builtin.raw -a true -e ansible_host=127.0.0.1"
    assert "Host key verification failed" in host.run(command).stdout
