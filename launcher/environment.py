"""The virtual environment: `deploy` holds what `up` needs, `develop` adds what the tests need."""

import hashlib
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from launcher import commands, machine
from launcher.locks import exclusive
from launcher.paths import LOGS, REPOSITORY, VENV

API = REPOSITORY / "api"


@dataclass(frozen=True)
class Part:
    """A set of packages that is installed at once."""

    name: str
    requirements: Path
    editable: tuple[Path, ...] = ()

    def fingerprint(self) -> str:
        """A hash of all that decides what this part installs."""
        described = [sys.version, str(VENV), self.requirements.read_text()]
        described += [(folder / "pyproject.toml").read_text() for folder in self.editable]
        return hashlib.sha256("\0".join(described).encode()).hexdigest()

    @property
    def stamp(self) -> Path:
        """The file that says with which fingerprint this part was installed."""
        return VENV / f".tenrec-{self.name}"

    def ready(self) -> bool:
        """Tell whether what is installed is what is asked for."""
        return self.stamp.exists() and self.stamp.read_text() == self.fingerprint()


DEPLOY = Part("deploy", REPOSITORY / "requirements.txt")
DEVELOP = Part("develop", REPOSITORY / "requirements-dev.txt", (API,))
FUNCTIONAL = Part("functional", REPOSITORY / "requirements-functional.txt")


def ready(*parts: Part) -> bool:
    """Tell whether the virtual environment holds all these parts."""
    return all(part.ready() for part in parts)


def ensure(*parts: Part) -> bool:
    """Make the virtual environment hold all these parts; return whether anything was missing.

    :raises LauncherError: when pip fails
    """
    if ready(*parts):
        return False
    with exclusive("venv"):
        _ensure_venv()
        for part in parts:
            if not part.ready():
                _install(part)
    return True


def program(name: str) -> Path:
    """A program of the virtual environment."""
    return VENV / "bin" / name


def variables() -> dict[str, str]:
    """Environment variables under which the virtual environment's programs find one another."""
    return {"VIRTUAL_ENV": str(VENV), "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '')}"}


def can_make_venv() -> bool:
    """Tell whether this Python can make virtual environments: Debian packages that part apart."""
    return commands.succeeds([sys.executable, "-c", "import ensurepip, venv"])


def _ensure_venv() -> None:
    python = program("python")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python.exists() and commands.succeeds(
        [python, "-c", f"import sys; assert sys.version.startswith('{version}.')"]
    ):
        return
    if not can_make_venv():
        machine.install(["python3-venv"])
    shutil.rmtree(VENV, ignore_errors=True)
    commands.run([sys.executable, "-m", "venv", VENV], log=LOGS / "venv.log")


def _install(part: Part) -> None:
    editable = [word for folder in part.editable for word in ("--editable", str(folder))]
    commands.run(
        [program("python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile",
         "--requirement", part.requirements, *editable],
        log=LOGS / "venv.log",
    )  # fmt: skip
    part.stamp.write_text(part.fingerprint())


def missing_build_packages() -> list[str]:
    """Debian packages without which libvirt's Python binding does not build on this machine."""
    missing = machine.missing_packages({"gcc": "gcc", "pkg-config": "pkg-config"})
    if not Path("/usr/include/libvirt/libvirt.h").exists():
        missing.append("libvirt-dev")
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        missing.append("python3-dev")
    return missing
