"""Who is not who it says to be is refused: by OVN's database, by the API's clients, by the worker, by the hosts."""

import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest

from launcher.deployments import LAB
from tests.lab.hosts import LabHost, in_group, lab_hosts

TLS = "/etc/tenrec/tls"
OWN = {"--private-key": f"{TLS}/host.key", "--certificate": f"{TLS}/host.pem", "--ca-cert": f"{TLS}/ca.pem"}
# A host's key is another one until the program's input ends, and those who came by the old one are cut off.
OTHER_HOST_KEY = """
import pathlib, re, subprocess, sys
key = pathlib.Path("/etc/ssh/ssh_host_ed25519_key")
kept = {path: path.read_bytes() for path in (key, key.with_suffix(".pub"))}
try:
    for path in kept:
        path.unlink()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    subprocess.run(["systemctl", "restart", "ssh"], check=True)
    sessions = ["ss", "-Htnp", "state", "established", "sport", "=", ":22", "dst", sys.argv[1]]
    shown = subprocess.run(sessions, check=True, capture_output=True, text=True).stdout
    for process in set(re.findall(r"pid=(\\d+)", shown)):
        subprocess.run(["kill", process], check=False)
    print("ready", flush=True)
    sys.stdin.read()
finally:
    for path, content in kept.items():
        path.write_bytes(content)
    subprocess.run(["systemctl", "restart", "ssh"], check=True)
"""


def southbound(host: LabHost, *command: str, scheme: str = "ssl", **options: str) -> str:
    """What the southbound database says to a host that shows these TLS files; "" when the host is refused."""
    words = [word for pair in {**OWN, **options}.items() for word in pair]
    database = f"--db={scheme}:{in_group('controller')[0].address}:6642"
    return host("ovn-sbctl", "--timeout=10", database, *words, "--bare", "--columns=name", *command, check=False)


@pytest.fixture(scope="module")
def foreign(lab) -> Iterator[dict[str, str]]:
    """A certificate for a compute's own name, and its key, from an authority that nobody knows; on that compute."""
    host = in_group("compute")[0]
    folder = host("mktemp", "--directory")
    host(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
        "-subj", f"/CN={host.name}", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem",
    )  # fmt: skip
    yield {"--private-key": f"{folder}/key.pem", "--certificate": f"{folder}/certificate.pem"}
    host("rm", "--recursive", folder)


def test_southbound_database_refuses_a_chassis_of_a_foreign_authority(foreign):
    host = in_group("compute")[0]
    assert host.name in southbound(host, "list", "Chassis").split()
    assert southbound(host, "list", "Chassis", **foreign) == ""
    assert southbound(host, "list", "Chassis", scheme="tcp") == ""


def test_chassis_refuses_a_southbound_database_of_a_foreign_authority(foreign):
    host = in_group("compute")[0]
    assert southbound(host, "list", "Chassis", **{"--ca-cert": foreign["--certificate"]}) == ""


def test_chassis_may_not_write_what_is_anothers():
    host, other = in_group("compute")[:2]
    write = ["set", "Chassis", other.name, "other_config:taken=over"]
    southbound(host, *write)
    found = in_group("controller")[0]("ovn-sbctl", "get", "Chassis", other.name, "other_config")
    assert "taken" not in found


def test_api_is_known_by_the_clouds_own_authority_and_no_other():
    controller = in_group("controller")[0]

    def greet(context: ssl.SSLContext) -> None:
        with (
            socket.create_connection((controller.address, 443), 10) as connection,
            context.wrap_socket(connection, server_hostname=controller.address),
        ):
            pass

    greet(ssl.create_default_context(cafile=LAB.authority))
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(ssl.create_default_context())


def as_the_worker(host: LabHost) -> str:
    """What Ansible says when it asks a host in the worker's name, with the worker's settings and keys."""
    return in_group("controller")[0](
        "runuser", "-u", "tenrec", "--", "env", "HOME=/run/tenrec/runs", "ANSIBLE_CONFIG=/etc/tenrec/ansible.cfg",
        "/opt/tenrec/api/bin/ansible", "--inventory=/etc/tenrec/inventory.yml", "--module-name=ansible.builtin.ping",
        "--one-line", host.name, check=False,
    )  # fmt: skip


def test_worker_refuses_a_host_whose_key_has_changed(lab, table):
    controller, (first, second) = in_group("controller")[0], in_group("compute")[:2]
    assert "SUCCESS" in as_the_worker(second)
    with second.started("python3", "-c", OTHER_HOST_KEY, controller.address):
        # To the microsecond: the second before and the one after may hold a login that is right.
        since = controller("date", "+%s.%6N")
        down = table.shown_as_down(second.name)
        refused = as_the_worker(second)
        assert "UNREACHABLE" in refused
        assert "Host key verification failed" in refused
        asked = lab.ask_for_server("key")
        assert lab.host_of(asked.id) == first.name
        until = controller("date", "+%s.%6N")
    table.healed(f"{second.name} with another host key", down)
    window = ["--unit=ssh", f"--since=@{since}", f"--until=@{until}", "--output=cat"]
    told = second("journalctl", *window).splitlines()
    assert not [line for line in told if line.startswith("Accepted") and f"from {controller.address} " in line]


def test_workers_key_opens_no_host_from_elsewhere(lab, tmp_path):
    controller, host = in_group("controller")[0], in_group("compute")[0]
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(controller("cat", "/etc/tenrec/ssh/id_ed25519") + "\n")
    command = ["ssh", "-F", "none", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
    command += ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    said = subprocess.run([*command, f"root@{host.address}", "true"], capture_output=True, text=True, timeout=30)
    assert said.returncode == 255
    assert "Permission denied" in said.stderr
    # The very key is good where it belongs.
    assert "SUCCESS" in as_the_worker(host)


def test_workers_list_of_hosts_is_that_of_the_lab(lab):
    """It holds one key for each host: the one that the host shows."""
    shown = in_group("controller")[0]("cat", "/etc/tenrec/ssh/known_hosts").splitlines()[1:]
    keys = {host.address: host("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2] for host in lab_hosts().values()}
    assert sorted(shown) == sorted(f"{address} {' '.join(key)}" for address, key in keys.items())
