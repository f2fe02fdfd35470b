"""Files with secrets in them, and the fingerprint that says when the virtual environment is stale."""

from launcher.environment import Part
from launcher.paths import private_folder, write_private


def mode(path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_a_private_file_is_its_owners_alone_and_written_once(tmp_path):
    path = tmp_path / "folder" / "secret"
    assert write_private(path, "one") is True
    assert mode(path) == "0o600"
    assert write_private(path, "one") is False
    assert write_private(path, "two") is True
    assert path.read_text() == "two"
    assert [child.name for child in path.parent.iterdir()] == ["secret"]


def test_a_private_file_that_was_opened_to_others_is_closed_again(tmp_path):
    path = tmp_path / "secret"
    path.write_text("one")
    path.chmod(0o644)
    assert write_private(path, "one") is True
    assert mode(path) == "0o600"


def test_a_private_folder(tmp_path):
    assert mode(private_folder(tmp_path / "a" / "b")) == "0o700"


def test_requirements_that_change_make_another_fingerprint(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("ruff==1\n")
    part = Part("tools", requirements)
    before = part.fingerprint()
    assert part.fingerprint() == before
    requirements.write_text("ruff==2\n")
    assert part.fingerprint() != before
