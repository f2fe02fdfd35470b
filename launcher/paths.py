"""Where the launcher keeps things: all of it below the working copy, and one folder in /run."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"

STATE = REPOSITORY / ".tenrec"
LOGS = STATE / "log"
SSH = STATE / "ssh"
NODES = STATE / "nodes"
IMAGES = STATE / "images"
PACKAGES = STATE / "debs"
CONTAINERS = STATE / "containers"
HOSTS = STATE / "hosts.yml"
CLOUDS = STATE / "clouds.yaml"

# Podman refuses a run folder with a long path, and a mount namespace cannot be pinned below a shared mount.
RUN = Path("/run/tenrec-lab")


def private_folder(path: Path) -> Path:
    """Make a folder (and its parents) that only its owner may enter, and return it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: str) -> bool:
    """Write a file of mode 0600; return whether its content changed.

    The file has its mode before it has its content, and readers see either the old or the new one.
    """
    if path.exists() and path.read_text() == content and path.stat().st_mode & 0o777 == 0o600:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(content)
    fresh.replace(path)
    return True
