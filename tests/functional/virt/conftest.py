"""Engines for the tests of servers, images and volumes: libvirt's own test driver, a private tgtd, folders."""

import hashlib
import subprocess
from pathlib import Path

import libvirt
import pytest
from ansible_collections.tenrec.cloud.plugins.module_utils.convergence import COMMON_ARGUMENTS, Convergence
from ansible_collections.tenrec.cloud.plugins.module_utils.deadline import Deadline

from tests.functional.virt.private_tgt import PrivateTgt
from tests.functional.virt.unpacked import Unpacked

TEST_DRIVER = "test:///default"


class Host:
    """The folders and engines of one host, as the modules' parameters."""

    def __init__(self, folder: Path):
        self.servers = folder / "servers"
        self.image_cache = folder / "image-cache"
        self.images = folder / "images"
        self.pool = folder / "volumes"
        self.configuration = folder / "tgt"
        for made in (self.servers, self.image_cache, self.images, self.pool, self.configuration):
            made.mkdir()
        self.virtualization_file = folder / "virtualization"
        self.virtualization_file.write_text("qemu\n")

    @property
    def domain(self) -> dict:
        """Parameters of the module `domain`."""
        return {
            "uri": TEST_DRIVER,
            "servers": str(self.servers),
            "image_cache": str(self.image_cache),
            "virtualization_file": str(self.virtualization_file),
            "wait_for_ports": False,
            "open_vswitch": f"unix:{self.servers.parent}/no-switch.sock",
            "owner": "root",
            "grace": 2,
        }


@pytest.fixture
def host(tmp_path):
    """A host without anything."""
    return Host(tmp_path)


@pytest.fixture
def libvirt_host():
    """A connection to libvirt's test driver, held so that all of the test's connections see the same domains."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    connection = libvirt.open(TEST_DRIVER)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def unpacked(request):
    """tgt and QEMU's iSCSI driver."""
    return Unpacked(Path(request.config.cache.mkdir("virt")))


@pytest.fixture
def tgt(unpacked):
    """A private tgtd without targets."""
    daemon = PrivateTgt(unpacked)
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def converge():
    """Run the engine with a resource in this process, as a module does: converge(resource, arguments, items, ...)."""

    def run(resource_class, arguments, items, check_mode=False, deadline=30, **parameters):
        defaults = {name: spec.get("default") for name, spec in {**COMMON_ARGUMENTS, **arguments}.items()}
        unknown = set(parameters) - set(defaults)
        assert not unknown, f"no such parameters: {unknown}"
        resource = resource_class(
            {**defaults, **parameters, "items": items, "deadline": deadline}, Deadline(deadline), check_mode
        )
        resource.open()
        try:
            return Convergence(resource).run(items)
        finally:
            resource.close()

    return run


@pytest.fixture
def make_image(host):
    """Make an image file with qemu-img: make_image(disk_format, size, *options). Returns its path."""

    def make(disk_format: str, size: str, *options: str, name: str = "image") -> Path:
        path = host.servers.parent / f"{name}.{disk_format}"
        subprocess.run(["qemu-img", "create", "-q", "-f", disk_format, *options, str(path), size], check=True)
        return path

    return make


@pytest.fixture
def cache_image(host, make_image):
    """Put an image into the host's cache as the module `image_cache` does. Returns the item's `image`."""
    from ansible_collections.tenrec.cloud.plugins.module_utils.cached_image import CachedImage

    def put(disk_format: str, size: str, image_id: str = "7d1f4f0a-54f3-4d0a-9d53-2f1b8c0e6a77", content: bytes = b""):
        path = make_image(disk_format, size)
        if content:
            with path.open("r+b") as file:
                file.write(content)
        data = path.read_bytes()
        sha512 = hashlib.sha512(data).hexdigest()
        image = CachedImage(host.image_cache, image_id)
        with image.locked(Deadline(5)):
            image.keep([data], disk_format, sha512, Deadline(5), "libvirt-qemu")
        return {"id": image_id, "disk_format": disk_format, "sha512": sha512}

    return put
