"""Programs whose packages would start a daemon or a module loader when installed: unpacked for the tests instead."""

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = (
    "tgt",
    "libibverbs1",
    "librdmacm1",
    "libnl-3-200",
    "libnl-route-3-200",
    "libaio1",
    "libconfig-general-perl",
    "qemu-block-extra",
    "libiscsi7",
)
COMPLETE = "complete"


class Unpacked:
    """Debian's tgt and QEMU's iSCSI driver in a folder of their own."""

    def __init__(self, folder: Path):
        """Unpack, unless an earlier test run has. Raises CalledProcessError when apt cannot fetch a package."""
        self._root = folder / "root"
        stamp = folder / COMPLETE
        if stamp.exists() and stamp.read_text() == " ".join(PACKAGES):
            return
        shutil.rmtree(self._root, ignore_errors=True)
        archives = folder / "archives"
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir(parents=True)
        subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=archives, check=True, capture_output=True)
        for archive in archives.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(archive), str(self._root)], check=True, capture_output=True)
        shutil.rmtree(archives)
        stamp.write_text(" ".join(PACKAGES))

    def program(self, name: str) -> str:
        """The path of a program."""
        return str(self._root / "usr/sbin" / name)

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which the unpacked programs find their libraries, and an installed QEMU its iSCSI driver."""
        libraries = self._root / "usr/lib/x86_64-linux-gnu"
        return {
            **os.environ,
            "LD_LIBRARY_PATH": f"{libraries}:{self._root / 'lib/x86_64-linux-gnu'}",
            "QEMU_MODULE_DIR": str(libraries / "qemu"),
            "PERL5LIB": str(self._root / "usr/share/perl5"),
            "PATH": f"{self._root / 'usr/sbin'}:{os.environ['PATH']}",
        }
