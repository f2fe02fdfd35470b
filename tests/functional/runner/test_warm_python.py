"""The warm Python of a node, here on this machine: what a module returns is what it returns from a fresh Python."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[3] / "roles" / "warm_python"

MODULE = """
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tenrec_test.changing.plugins.module_utils.word import WORD
import os, sys

def main():
    module = AnsibleModule(argument_spec={{}})
    basic = sys.modules["ansible.module_utils.basic"]
    module.exit_json(word=WORD, says="{says}", parent=os.getppid(), basic=basic.__file__)

if __name__ == "__main__":
    main()
"""


class WarmPython:
    """A server and its client in `folder`, and a collection with one module and one helper."""

    def __init__(self, folder: Path):
        self.folder = folder
        # The path of a socket has at most 108 characters.
        self.run = Path(f"/tmp/warm-python-{os.getpid()}")
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.client = folder / "python"
        text = (ROLE / "templates" / "client.j2").read_text()
        for name, value in (("interpreter", sys.executable), ("socket", self.run / "socket")):
            text = text.replace("{{ warm_python_" + name + " }}", str(value))
        self.client.write_text(text.replace("{{ ansible_managed }}", ""))
        self.client.chmod(0o755)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.write("plugins/module_utils/word.py", "WORD = 'first'\n")
        self.says("hello")
        self.start()

    def start(self) -> None:
        # nohup: a server that was started so must end its programs all the same.
        command = ["nohup", sys.executable, str(ROLE / "files" / "server.py"), str(self.run / "socket")]
        self.server = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not self.listens():
            assert time.monotonic() < end
            time.sleep(0.05)

    def listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.run / "socket")) == 0

    def write(self, path: str, content: str) -> None:
        file = self.folder / "ansible_collections" / "tenrec_test" / "changing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def says(self, word: str) -> None:
        self.write("plugins/modules/say.py", MODULE.format(says=word))

    def module(self, name: str = "tenrec_test.changing.say", arguments: str = "") -> dict:
        """What the module returned, run by Ansible as on a node: its program comes on the standard input."""
        command = [str(Path(sys.executable).parent / "ansible"), "localhost", "-i", "localhost,", "-c", "local"]
        command += ["-e", f"ansible_python_interpreter={self.client}", "-m", name, "-a", arguments]
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.folder / "home"),
        }
        run = subprocess.run(
            command, env={**self.environment, **settings}, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        return json.loads(run.stdout.partition("=>")[2])

    def program(self, text: str, **options) -> subprocess.CompletedProcess:
        options = {"env": self.environment, "capture_output": True, "text": True, "timeout": 60, **options}
        return subprocess.run([str(self.client)], input=text, **options)


@pytest.fixture
def python(tmp_path):
    python = WarmPython(tmp_path)
    yield python
    python.server.kill()
    python.server.wait()


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def learned(python) -> None:
    """Wait until nothing that a module left is still to be learned."""
    until(lambda: not list(python.run.glob("*.json")))


def test_a_module_returns_the_same_and_soon_from_memory(python):
    first = python.module()
    learned(python)
    second = python.module()
    assert first["parent"] == second["parent"] == python.server.pid
    assert (first["word"], first["says"]) == (second["word"], second["says"]) == ("first", "hello")
    # The helper that the second used is the parent's.
    assert "payload" in first["basic"] and str(python.run) in second["basic"]


def test_a_helper_that_changed_is_never_an_old_one(python):
    python.module()
    learned(python)
    python.write("plugins/module_utils/word.py", "WORD = 'second'\n")
    assert python.module()["word"] == "second"
    until(python.listens)
    learned(python)
    assert python.module()["word"] == "second"
    learned(python)
    third = python.module()
    assert third["word"] == "second" and str(python.run) in third["basic"]


def test_a_module_that_changed_is_never_an_old_one(python):
    python.module()
    learned(python)
    python.says("goodbye")
    assert python.module()["says"] == "goodbye"
    learned(python)
    assert python.module()["says"] == "goodbye"


def test_modules_of_ansible_itself_return_the_same(python):
    ordinary = python.program("")
    assert ordinary.returncode == 0
    arguments = "path=/etc/hostname"
    results = []
    for _ in range(3):
        results.append(python.module("ansible.builtin.stat", arguments))
        learned(python)
    python.server.kill()
    python.server.wait()
    results.append(python.module("ansible.builtin.stat", arguments))
    for each in results:
        each["stat"].pop("atime")
    assert results == [results[0]] * 4


def test_a_module_that_fails_says_so(python):
    for _ in range(2):
        assert "path" in python.module("ansible.builtin.stat")["msg"]
        learned(python)


@pytest.mark.parametrize("served", [True, False])
def test_a_program_finds_itself_as_in_a_fresh_python(python, served):
    if not served:
        python.server.kill()
        python.server.wait()
    text = (
        "import atexit, json, os, signal, sys, threading\n"
        "atexit.register(lambda: print('at the end'))\n"
        "print(json.dumps([sys.argv, os.getcwd(), os.umask(0), os.environ['WORD'], __name__,"
        " signal.getsignal(signal.SIGCHLD), sys.stdin.encoding, sys.stdout.errors, sys.stdin.read(),"
        " threading.active_count()], ensure_ascii=False))\n"
        "sys.exit('no')\n"
    )
    environment = {**python.environment, "WORD": "ä", "LC_ALL": "C.UTF-8"}
    run = python.program(text, cwd="/", env=environment, umask=0o027)
    expected = [[""], "/", 0o027, "ä", "__main__", 0, "utf-8", "surrogateescape", "", 1]
    assert json.loads(run.stdout.splitlines()[0]) == expected
    assert (run.stdout.splitlines()[1], run.stderr, run.returncode) == ("at the end", "no\n", 1)


def test_a_program_ends_with_its_client(python):
    pid_file = python.folder / "pid"
    text = f"import os, time; open({str(pid_file)!r}, 'w').write(f'{{os.getpid()}}.'); time.sleep(600)"
    client = subprocess.Popen([str(python.client)], stdin=subprocess.PIPE, env=python.environment)
    client.stdin.write(text.encode())
    client.stdin.close()
    until(lambda: pid_file.exists() and pid_file.read_text().endswith("."))
    client.kill()
    client.wait()
    pid = pid_file.read_text().removesuffix(".")
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_what_a_client_sends_ends_no_program(python):
    text = python.client.read_text()
    waits = "my $code = <$server>;"
    assert text.count(waits) == 1
    # On a busy machine even GO may signal after it was read.
    python.client.write_text(text.replace(waits, f'sleep 1; syswrite($server, "late"); {waits}'))
    run = python.program("import os, time; time.sleep(2); print(os.getppid())")
    assert (run.stdout.strip(), run.stderr, run.returncode) == (str(python.server.pid), "", 0)


def test_a_program_that_a_signal_ends_has_not_succeeded(python):
    run = python.program("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert run.returncode != 0 and "killed" in run.stderr


def test_a_server_that_hangs_costs_two_seconds(python):
    python.server.send_signal(signal.SIGSTOP)
    assert python.program("print(6 * 7)").stdout == "42\n"
    python.server.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("settings", [{"PYTHONOPTIMIZE": "1"}, {"LC_ALL": "de_DE.ISO-8859-1"}])
def test_what_only_a_fresh_python_heeds_is_left_to_one(python, settings):
    run = python.program("import os; print(os.getppid())", env={**python.environment, **settings})
    assert run.stdout.strip() != str(python.server.pid)
