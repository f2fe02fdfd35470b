"""Volumes as files of a pool, and their targets in a real tgtd to which QEMU's own initiator logs in."""

import subprocess
import uuid

import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import EngineAway
from ansible_collections.tenrec.cloud.plugins.module_utils.pool_volume import PoolVolume
from ansible_collections.tenrec.cloud.plugins.module_utils.volume_target import VolumeTarget, target_name
from ansible_collections.tenrec.cloud.plugins.modules import volume, volume_export

GIB = 1 << 30
PASSWORD = "correct-horse-battery"


@pytest.fixture
def make(converge, host):
    def run(item, state="present", **options):
        parameters = {
            "pool": str(host.pool),
            "image_cache": str(host.image_cache),
            "tgt": "/nonexistent",
            "state": state,
        }
        return converge(PoolVolume, volume.ARGUMENTS, [item], **{**parameters, **options})["results"][0]

    return run


@pytest.fixture
def export(converge, host, tgt):
    def run(items, state="present", **options):
        parameters = {"pool": str(host.pool), "configuration": str(host.configuration), "tgt": str(tgt.socket)}
        return converge(VolumeTarget, volume_export.ARGUMENTS, items, **{**parameters, "state": state, **options})

    return run


@pytest.fixture
def attachment(make):
    """A volume of 1 GiB and the item that attaches it."""

    def fresh(**changes):
        volume_id = str(uuid.uuid4())
        make({"id": volume_id, "size_gib": 1})
        return {
            "id": volume_id,
            "iqn": target_name(volume_id),
            "chap_username": f"u-{volume_id[:8]}",
            "chap_password": PASSWORD,
        } | changes

    return fresh


def test_an_empty_volume_is_sparse_and_only_roots(make, host):
    item = {"id": str(uuid.uuid4()), "size_gib": 3}
    assert make(item)["changed"] is True
    status = (host.pool / item["id"]).stat()
    assert (status.st_size, status.st_mode & 0o777) == (3 * GIB, 0o600)
    assert status.st_blocks * 512 < 1 << 20
    assert make(item) == {"id": item["id"], "changed": False}


def test_a_volume_grows_and_never_shrinks(make, host):
    item = {"id": str(uuid.uuid4()), "size_gib": 1}
    make(item)
    assert make(item | {"size_gib": 2})["changed"] is True
    assert (host.pool / item["id"]).stat().st_size == 2 * GIB
    assert make(item)["error"] == f"volume {item['id']} has {2 * GIB} bytes already; a volume cannot shrink"


@pytest.mark.parametrize("disk_format", ["raw", "qcow2"])
def test_a_volume_of_an_image_has_its_content(make, host, cache_image, disk_format):
    content = b"" if disk_format == "qcow2" else b"boot sector"
    image = cache_image(disk_format, "8M", content=content)
    item = {"id": str(uuid.uuid4()), "size_gib": 1, "image": image}
    assert make(item) == {"id": item["id"], "changed": True}
    path = host.pool / item["id"]
    assert path.stat().st_size == GIB
    with path.open("rb") as file:
        assert file.read(len(content)) == content
    source = host.image_cache / image["id"]
    compared = subprocess.run(
        ["qemu-img", "compare", "-f", disk_format, "-F", "raw", str(source), str(path)], capture_output=True, text=True
    )
    assert compared.returncode == 0, compared.stdout


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"size_gib": 1}, "the volume of 1 GiB is smaller than the image, which needs 2 GiB"),
        ({"size_gib": 0}, "needs a size of at least 1 GiB"),
        ({"image": {"id": str(uuid.uuid4()), "disk_format": "raw", "sha512": "0"}}, "is not in this host's cache"),
    ],
)
def test_a_volume_that_cannot_be_made_leaves_nothing(make, host, cache_image, changes, error):
    item = {"id": str(uuid.uuid4()), "size_gib": 3, "image": cache_image("qcow2", "2G")} | changes
    assert error in make(item)["error"]
    assert list(host.pool.iterdir()) == []


def test_check_mode_makes_no_volume(make, host):
    assert make({"id": str(uuid.uuid4()), "size_gib": 1}, check_mode=True)["changed"] is True
    assert list(host.pool.iterdir()) == []


def test_a_deleted_volume_is_gone_with_what_a_dead_run_left(make, host):
    item = {"id": str(uuid.uuid4()), "size_gib": 1}
    make(item)
    (host.pool / f".{item['id']}.new").touch()
    assert make(item, state="absent")["changed"] is True
    assert list(host.pool.iterdir()) == []
    assert make(item, state="absent") == {"id": item["id"], "changed": False}


def test_an_export_asks_for_the_password(export, tgt, attachment):
    item = attachment()
    assert export([item])["results"] == [{"id": item["id"], "changed": True}]
    assert tgt.read(item["iqn"]).returncode != 0
    assert tgt.read(item["iqn"], f"{item['chap_username']}%wrong-password").returncode != 0
    allowed = tgt.read(item["iqn"], f"{item['chap_username']}%{PASSWORD}")
    assert "virtual size: 1 GiB" in allowed.stdout, allowed.stderr


def test_the_second_export_changes_nothing(export, attachment):
    item = attachment()
    export([item])
    outcome = export([item])
    assert (outcome["changed"], outcome["diff"]) == (False, [])


def test_the_password_is_in_a_file_of_root_alone_and_in_no_output(export, host, attachment):
    item = attachment()
    outcome = export([item])
    (file,) = host.configuration.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD in file.read_text()
    assert PASSWORD not in str(outcome)


def test_a_new_password_replaces_the_old_one(export, tgt, attachment):
    item = attachment()
    export([item])
    assert export([item | {"chap_password": "another-password"}])["changed"] is True
    assert tgt.read(item["iqn"], f"{item['chap_username']}%{PASSWORD}").returncode != 0
    assert tgt.read(item["iqn"], f"{item['chap_username']}%another-password").returncode == 0


def test_exports_come_back_with_tgtd(export, host, tgt, attachment):
    items = [attachment() for _ in range(3)]
    export(items)
    tgt.stop()
    tgt.start()
    assert tgt.administer("--mode", "target", "--op", "show") == ""
    tgt.replay(host.configuration)
    assert export(items)["changed"] is False
    assert tgt.read(items[2]["iqn"], f"{items[2]['chap_username']}%{PASSWORD}").returncode == 0


def test_an_export_that_tgtd_forgot_is_made_again(export, tgt, attachment):
    item = attachment()
    export([item])
    tgt.stop()
    tgt.start()
    assert export([item])["changed"] is True
    assert tgt.read(item["iqn"], f"{item['chap_username']}%{PASSWORD}").returncode == 0


def test_withdrawing_leaves_nothing_and_needs_the_id_alone(export, host, tgt, attachment):
    item, other = attachment(), attachment()
    export([item, other])
    assert export([{"id": item["id"]}], state="absent")["results"] == [{"id": item["id"], "changed": True}]
    shown = tgt.administer("--mode", "target", "--op", "show")
    assert item["iqn"] not in shown
    assert other["iqn"] in shown
    accounts = tgt.administer("--mode", "account", "--op", "show")
    assert item["chap_username"] not in accounts
    assert [file.name for file in host.configuration.iterdir()] == [f"tenrec-{other['id']}.conf"]
    assert export([{"id": item["id"]}], state="absent")["changed"] is False


def test_withdrawing_ends_a_session_that_is_open(export, tgt, unpacked, attachment):
    item = attachment()
    export([item])
    url = f"iscsi://{item['chap_username']}%{PASSWORD}@127.0.0.1:{tgt.port}/{item['iqn']}/1"
    with subprocess.Popen(
        ["qemu-io", "-f", "raw", url],
        env=unpacked.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as session:
        session.stdin.write("read 0 512\n")
        session.stdin.flush()
        while "read 512/512" not in (line := session.stdout.readline()):
            assert line, "the initiator ended"
        assert "Initiator:" in tgt.administer("--mode", "target", "--op", "show")
        assert export([{"id": item["id"]}], state="absent")["changed"] is True
        assert item["iqn"] not in tgt.administer("--mode", "target", "--op", "show")
        session.kill()


def test_a_volume_is_not_deleted_while_it_is_exported(make, export, tgt, attachment):
    item = attachment()
    export([item])
    refused = make({"id": item["id"]}, state="absent", tgt=str(tgt.socket))
    assert refused["error"] == f"volume {item['id']} is exported; detach it first"
    export([{"id": item["id"]}], state="absent")
    assert make({"id": item["id"]}, state="absent", tgt=str(tgt.socket))["changed"] is True


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iqn": "iqn.2001-04.com.example:other"}, "the target of volume"),
        ({"chap_password": "a,b"}, "chap_password of volume"),
        ({"chap_password": None}, "chap_password of volume"),
        ({"chap_username": "u\n</target>"}, "chap_username of volume"),
        ({"id": str(uuid.uuid4()), "iqn": None}, "is not in this host's pool"),
    ],
)
def test_an_export_that_cannot_be_made_does_not_sink_the_others(export, host, attachment, changes, error):
    bad, good = attachment(**changes), attachment()
    first, second = export([bad, good])["results"]
    assert error in first["error"]
    assert second["changed"] is True
    assert [file.name for file in host.configuration.iterdir()] == [f"tenrec-{good['id']}.conf"]


def test_a_tgtd_that_is_away_may_be_asked_again(export, tgt, attachment):
    items = [attachment()]
    tgt.stop()
    with pytest.raises(EngineAway, match=r"tgtd at .* does not answer"):
        export(items)
    tgt.start()
    assert export(items)["changed"] is True


def test_check_mode_exports_nothing(export, host, tgt, attachment):
    assert export([attachment()], check_mode=True)["changed"] is True
    assert list(host.configuration.iterdir()) == []
    assert tgt.administer("--mode", "target", "--op", "show") == ""
