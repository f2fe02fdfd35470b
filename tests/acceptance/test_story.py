"""A member's day, from nothing to a server that is reached, and back to nothing. The steps build on one another."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from launcher.commands import run
from launcher.network import EXTERNAL
from launcher.paths import CLOUDS
from launcher.story import reach
from tests.acceptance.client import OpenStack, remove_security_groups
from tests.acceptance.host import Host, differences, wait_until

SERVER_SECONDS = 180
USER_DATA = "#!/bin/sh\necho user data ran > /tmp/user-data-ran\n"


@pytest.fixture(scope="module")
def made(admin: OpenStack, member: OpenStack, host: Host) -> SimpleNamespace:
    """What the steps have made so far, and what the host held before the first."""
    remove_security_groups(admin, member)
    wait_until(host.idle, "the end of all operations")
    return SimpleNamespace(before=host.holdings())


@pytest.fixture(autouse=True)
def _stop_at_the_first_failure(request: pytest.FixtureRequest):
    """A step whose forerunner failed cannot tell anything: it fails at once and names it."""
    failed = getattr(request.module, "failed_step", None)
    if failed:
        pytest.fail(f"the step {failed} failed before")
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before or getattr(request.node, "failed", False):
        request.module.failed_step = request.node.name


def shell(made: SimpleNamespace, command: str) -> str:
    """Run `command` in the guest, with the key of these tests."""
    key = made.key
    known = key.with_name("known_hosts")
    words: list = ["ssh", "-i", key, "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=accept-new"]
    words += ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=5"]

    def ask() -> str | None:
        answer = run([*words, f"{reach.USER}@{made.address}", command], check=False)
        return answer.stdout.strip() or "(nothing)" if answer.returncode == 0 else None

    return wait_until(ask, f"`{command}` over SSH", seconds=SERVER_SECONDS)


def status_of(member: OpenStack, noun: str, name: str) -> str:
    """The status of a server or volume."""
    return member.show(noun, "show", name)["status"]


def test_a_token_and_the_catalog(member, made):
    token = member.show("token", "issue")
    assert token["id"].startswith("gAAAA")
    kinds = {entry["Type"] for entry in member.list("catalog", "list")}
    assert kinds >= {"identity", "image", "compute", "network", "volumev3", "placement"}


def test_an_image_is_uploaded_and_listed(member, made, tmp_path):
    public = next(image for image in member.list("image", "list") if image["Name"] == "tiny")
    file = tmp_path / "tiny.qcow2"
    member("image", "save", "--file", str(file), public["ID"])
    made.image = member.show("image", "create", "--disk-format", "qcow2", "--file", str(file), "uploaded")["id"]
    assert member.show("image", "show", made.image)["status"] == "active"
    assert {"uploaded", "tiny"} <= {image["Name"] for image in member.list("image", "list")}


def test_a_flavor_and_a_key(admin, member, made, public_key: Path):
    admin("flavor", "create", "--ram", "128", "--disk", "1", "--vcpus", "1", "acceptance")
    assert "acceptance" in {flavor["Name"] for flavor in member.list("flavor", "list")}
    member("keypair", "create", "--public-key", str(public_key), "mine")
    assert [key["Name"] for key in member.list("keypair", "list")] == ["mine"]
    made.key = public_key.with_suffix("")


def test_a_network_with_a_way_out(member, made):
    member("network", "create", "inside")
    member("subnet", "create", "--network", "inside", "--subnet-range", "10.20.30.0/24", "inside")
    member("router", "create", "--external-gateway", "external", "way-out")
    member("router", "add", "subnet", "way-out", "inside")
    assert member.show("network", "show", "inside")["status"] == "ACTIVE"
    assert member.show("router", "show", "way-out")["external_gateway_info"]["enable_snat"] is True


def test_a_security_group_lets_in_what_it_names(member, made):
    member("security", "group", "create", "web")
    for rule in (
        ["--protocol", "icmp"],
        ["--protocol", "tcp", "--dst-port", "22"],
        ["--protocol", "tcp", "--dst-port", "80"],
    ):
        member("security", "group", "rule", "create", "--ingress", *rule, "web")
    assert len(member.list("security", "group", "rule", "list", "--ingress", "web")) == 3


def test_a_server_on_a_port_of_its_own(member, made, tmp_path):
    user_data = tmp_path / "user-data"
    user_data.write_text(USER_DATA)
    member("port", "create", "--network", "inside", "--security-group", "web", "door")
    server = member.show(
        "server", "create", "--image", made.image, "--flavor", "acceptance", "--port", "door", "--key-name", "mine",
        "--user-data", str(user_data), "--property", "purpose={{ 7 * 7 }}", "--wait", "web-1",
    )  # fmt: skip
    made.server = server["id"]
    assert server["status"] == "ACTIVE"
    assert member.show("server", "show", "web-1")["properties"] == {"purpose": "{{ 7 * 7 }}"}
    assert [each["Name"] for each in member.list("server", "list")] == ["web-1"]


def test_it_is_reached_from_outside(member, made):
    made.address = member.show("floating", "ip", "create", "external")["floating_ip_address"]
    member("server", "add", "floating", "ip", "web-1", made.address)
    reach.wait_for_ping(made.address)
    assert "web-1" in reach.wait_for_page(made.address, "web-1")
    assert shell(made, "hostname") == "web-1"
    assert shell(made, "cat /tmp/user-data-ran") == "user data ran"
    row = member.list("floating", "ip", "list")[0]
    assert row["Floating IP Address"] == made.address
    assert member.show("floating", "ip", "show", made.address)["status"] == "ACTIVE"


def test_it_reaches_the_outside(made):
    """Through the router's source address, to the gateway of the external network."""
    assert ", 0% packet loss" in shell(made, f"sudo ping -c 3 -W 5 {EXTERNAL[1]}")


def test_its_console_shows_the_boot(member, made):
    log = wait_until(lambda: member("console", "log", "show", "web-1").strip(), "a console log")
    assert "Linux version" in log or "login" in log
    assert len(member("console", "log", "show", "--lines", "3", "web-1").strip().splitlines()) <= 3


def test_a_volume_comes_and_goes_while_it_runs(member, made):
    member("volume", "create", "--size", "1", "data")
    wait_until(lambda: status_of(member, "volume", "data") == "available", "the volume being available")
    member("server", "add", "volume", "web-1", "data")
    wait_until(lambda: status_of(member, "volume", "data") == "in-use", "the volume being in use")
    assert shell(made, "cat /sys/block/vdb/size") == str(2 * 1024 * 1024)
    member("server", "remove", "volume", "web-1", "data")
    wait_until(lambda: status_of(member, "volume", "data") == "available", "the volume being available again")
    wait_until(lambda: shell(made, "test -e /sys/block/vdb || echo gone") == "gone", "the disk going away", seconds=30)


def test_it_stops_starts_and_reboots(member, made):
    member("server", "stop", "web-1")
    wait_until(lambda: status_of(member, "server", "web-1") == "SHUTOFF", "the server being SHUTOFF")
    member("server", "start", "web-1")
    wait_until(lambda: status_of(member, "server", "web-1") == "ACTIVE", "the server being ACTIVE")
    assert shell(made, "hostname") == "web-1"
    boot = shell(made, "cat /proc/sys/kernel/random/boot_id")
    member("server", "reboot", "--hard", "--wait", "web-1")
    wait_until(
        lambda: shell(made, "cat /proc/sys/kernel/random/boot_id") != boot, "another boot", seconds=SERVER_SECONDS
    )


def test_another_project_sees_none_of_it(made):
    stranger = OpenStack(CLOUDS, "tenrec")
    for noun, name in (("server", made.server), ("volume", "data"), ("image", made.image), ("network", "inside")):
        assert stranger.attempt(noun, "show", name).returncode != 0
    assert made.server not in json.dumps(stranger.list("server", "list"))


def test_it_all_goes(admin, member, made):
    member("server", "delete", "--wait", "web-1")
    assert member.attempt("server", "show", made.server).returncode != 0
    member("floating", "ip", "delete", made.address)
    member("volume", "delete", "data")
    wait_until(lambda: member.list("volume", "list") == [], "the volume being gone")
    member("port", "delete", "door")
    member("router", "remove", "subnet", "way-out", "inside")
    member("router", "delete", "way-out")
    member("network", "delete", "inside")
    member("security", "group", "delete", "web")
    member("keypair", "delete", "mine")
    member("image", "delete", made.image)
    admin("flavor", "delete", "acceptance")


def test_nothing_is_left_on_the_host(admin, member, host, made):
    """No domain, no northbound row, no file, no claim; the project's default security group goes with the project."""
    remove_security_groups(admin, member)

    def settled() -> bool:
        made.after = differences(made.before, host.holdings())
        return not made.after

    try:
        wait_until(settled, "the host holding what it held before", seconds=60)
    except AssertionError as error:
        raise AssertionError(json.dumps(made.after, indent=1)) from error
    assert host.idle()
