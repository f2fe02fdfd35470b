"""What a tenant sees, and what stays on the host, when a run fails; and what is done with hostile words."""

from types import SimpleNamespace

import pytest

from launcher.commands import run
from tests.acceptance.client import OpenStack
from tests.acceptance.host import Host, differences, wait_until

HOSTILE = {
    "template": "{{ lookup('pipe', 'touch /tmp/evaluated') }}",
    "markup": "</name><devices/>",
    "shell": "; touch /tmp/evaluated",
    "path": "../../etc/passwd",
}


@pytest.fixture(scope="module")
def ground(admin: OpenStack, member: OpenStack, host: Host) -> SimpleNamespace:
    """A flavor, a network, and an image of the member's own."""
    admin("flavor", "create", "--ram", "128", "--disk", "1", "--vcpus", "1", "failures")
    member("network", "create", "failures")
    member("subnet", "create", "--network", "failures", "--subnet-range", "10.40.0.0/24", "failures")
    image = next(image["ID"] for image in member.list("image", "list") if image["Name"] == "tiny")
    # The project's default security group comes with its first port and stays.
    member("port", "create", "--network", "failures", "first")
    member("port", "delete", "first")
    wait_until(host.idle, "the end of all operations")
    yield SimpleNamespace(image=image)
    member("network", "delete", "failures")
    admin("flavor", "delete", "failures")


def create(member: OpenStack, ground: SimpleNamespace, name: str, *more: str, image: str = "") -> str:
    """Ask for a server and return its id."""
    words = ["--image", image or ground.image, "--flavor", "failures", "--network", "failures", *more]
    return member.show("server", "create", *words, name)["id"]


def settled(member: OpenStack, server: str) -> dict:
    """The server once it is no longer in BUILD."""
    return wait_until(
        lambda: (shown := member.show("server", "show", server))["status"] != "BUILD" and shown, "the end of BUILD"
    )


def test_a_failed_server_names_the_task_and_leaves_nothing(member, host: Host, ground, tmp_path):
    file = tmp_path / "image"
    member("image", "save", "--file", str(file), ground.image)
    image = member.show("image", "create", "--disk-format", "qcow2", "--file", str(file), "doomed")["id"]
    before = host.holdings()
    # Somebody damages the file behind the cloud's back: the compute node must refuse what it fetches.
    host("truncate", "-s", "1000", f"/var/lib/tenrec/images/{image}")
    server = create(member, ground, "doomed", image=image)
    try:
        shown = settled(member, server)
        assert shown["status"] == "ERROR"
        assert shown["fault"]["message"].startswith("Fetch the image: ")
        wait_until(host.idle, "the end of all operations")
        assert differences(before, host.holdings()) == {}
    finally:
        member("server", "delete", "--wait", server)
        member("image", "delete", image)


def test_hostile_words_come_back_verbatim_and_are_never_evaluated(member, host: Host, ground, tmp_path):
    host("rm", "-f", "/tmp/evaluated")
    user_data = tmp_path / "user-data"
    user_data.write_text("\n".join(HOSTILE.values()))
    servers = {}
    for name in HOSTILE.values():
        properties = [word for key, value in HOSTILE.items() for word in ("--property", f"{key}={value}")]
        servers[name] = create(member, ground, name, *properties, "--user-data", str(user_data))
    for name, server in servers.items():
        shown = settled(member, server)
        assert shown["status"] == "ACTIVE", shown.get("fault")
        assert shown["name"] == name
        assert shown["properties"] == HOSTILE
    assert host("ls", "/tmp/evaluated", check=False) == ""
    for server in servers.values():
        title = host("virsh", "dumpxml", f"server-{server}")
        assert title.count("<devices>") == 1
        member("server", "delete", server)
    wait_until(lambda: member.list("server", "list") == [], "the servers being gone")


def test_an_image_that_names_another_file_is_refused(member, host: Host, tmp_path):
    file = tmp_path / "thief.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-u", "-b", "/etc/shadow", file, "1M"])
    answer = member.attempt("image", "create", "--disk-format", "qcow2", "--file", str(file), "thief")
    assert answer.returncode != 0
    assert "etc/shadow" in answer.stderr or "backing" in answer.stderr
    for image in member.list("image", "list", "--name", "thief"):
        assert image["Status"] == "killed"
        assert image["ID"] not in host.files("images")
        member("image", "delete", image["ID"])
