"""Wheels that are made here and installed there: what is in the environment afterwards."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# The module uses the wheel of pip that Debian ships for the module venv.
assert list(Path("/usr/share/python-wheels").glob("pip-*.whl")), "install python3-venv: there is no wheel of pip"

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def project(tmp_path):
    """A Python project with one module, `probe`."""
    folder = tmp_path / "probe"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "probe"\nversion = "1"\ndependencies = []\n[tool.setuptools]\npy-modules = ["probe"]\n'
    )
    (folder / "probe.py").write_text("answer = 1\n")
    return folder


@pytest.fixture
def collection(tmp_path):
    """A collection with one playbook, and something that does not belong into its wheel."""
    folder = tmp_path / "sources" / "tenrec" / "probe"
    (folder / "playbooks").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "galaxy.yml").write_text("namespace: tenrec\nname: probe\nversion: 1.0.0\n")
    (folder / "playbooks" / "hello.yml").write_text("- hosts: localhost\n")
    (folder / "tests" / "secret.py").write_text("")
    return folder


def call(environment, script):
    """What `script` prints in the environment."""
    command = [f"{environment}/bin/python", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_environment_follows_the_sources(run_module, tmp_path, project, collection):
    archive, environment = str(tmp_path / "wheels.tar"), str(tmp_path / "environment")
    options = {"path": archive, "projects": [str(project)], "collections": [str(collection)], "python_version": VERSION}
    install = {"path": environment, "archives": [archive]}

    assert run_module("wheelhouse", check=True, **options)["changed"]
    assert not Path(archive).exists()
    wheels = ["probe-1-py3-none-any.whl", "tenrec_probe_collection-1.0.0-py3-none-any.whl"]
    assert run_module("wheelhouse", **options)["wheels"] == wheels
    assert not run_module("wheelhouse", **options)["changed"]

    assert run_module("python_environment", check=True, **install)["installed"] == wheels
    assert not Path(environment).exists()
    assert run_module("python_environment", **install)["installed"] == wheels
    assert call(environment, "import probe; print(probe.answer)") == "1"
    found = "import pathlib, sysconfig; p = pathlib.Path(sysconfig.get_path('purelib')) / 'ansible_collections'; "
    shown = call(environment, found + "print(sorted(str(f.relative_to(p)) for f in p.rglob('*') if f.is_file()))")
    assert shown == str(["tenrec/probe/galaxy.yml", "tenrec/probe/playbooks/hello.yml"])
    assert run_module("python_environment", **install)["changed"] is False

    (project / "probe.py").write_text("answer = 2\n")
    assert run_module("wheelhouse", **options)["changed"]
    assert run_module("python_environment", **install)["installed"] == wheels[:1]
    assert call(environment, "import probe; print(probe.answer)") == "2"


def test_what_left_the_archive_leaves_the_environment(run_module, tmp_path, project, collection):
    archive, environment = str(tmp_path / "wheels.tar"), str(tmp_path / "environment")
    options = {"path": archive, "collections": [str(collection)], "python_version": VERSION}
    run_module("wheelhouse", **options, projects=[str(project)])
    run_module("python_environment", path=environment, archives=[archive])
    run_module("wheelhouse", **options)
    assert run_module("python_environment", path=environment, archives=[archive])["changed"]
    assert call(environment, "import importlib.util; print(importlib.util.find_spec('probe'))") == "None"
    assert list(json.loads((Path(environment) / "wheels.json").read_text())) == [
        "tenrec_probe_collection-1.0.0-py3-none-any.whl"
    ]


def test_wrong_python_and_missing_archive_say_what_to_do(run_module, tmp_path):
    wrong = run_module("wheelhouse", path=str(tmp_path / "w.tar"), python_version="3.5")
    assert "run Ansible with Python 3.5" in wrong["msg"]
    absent = run_module("python_environment", path=str(tmp_path / "e"), archives=[str(tmp_path / "none.tar")])
    assert "none.tar: no such archive" in absent["msg"]


def test_a_project_that_cannot_be_built_names_the_cause(run_module, tmp_path, project):
    (project / "pyproject.toml").write_text("not toml")
    result = run_module("wheelhouse", path=str(tmp_path / "w.tar"), projects=[str(project)], python_version=VERSION)
    assert "pip could not gather the wheels" in result["msg"]
    assert not (tmp_path / "w.tar").exists()
