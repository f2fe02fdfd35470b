"""Runs Ansible's modules in forks of a Python that has imported already what they import.

Argument: the path of the socket to listen on. The client only connects: its standard streams, folder and environment
this server takes from the kernel, and the end of a pipe whose number the client tells: when it hangs up, the client is
gone. Once the client said GO, the fork does what a fresh Python does that gets a program on its standard input, and the
exit code goes back. Whatever it does not like it leaves to the client, which then starts a Python of its own.

What it has imported it has learned: after a module ran, the parent imports what the module imported, from the very
payload that Ansible sent. A payload whose helpers differ by a byte is run without, and the server starts afresh.
"""

import atexit
import contextlib
import ctypes
import fcntl
import gc
import importlib
import io
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import threading
import traceback
import types
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, NoReturn

READY, GO = b"ok\n", b"go\n"
# The top packages of a payload of Ansible's.
TOPS = ("ansible", "ansible_collections")
# Of a run that is not to be learned from.
NEVER_IMPORT = frozenset({"__main__", "__mp_main__", "sitecustomize", "usercustomize"})
# Numbers of the kernel's that Python has no name for: a system call, and fcntl's F_SETSIG.
PIDFD_GETFD, SET_SIGNAL = 438, 10

Digest = tuple[int, int]


def is_module(path: str) -> bool:
    """Whether a payload's file is the one that runs as ``__main__``, and no helper that is imported."""
    return not path.endswith("/__init__.py") and (path.startswith("ansible/modules/") or "/plugins/modules/" in path)


def name_of(path: str) -> str:
    """The dotted name of a payload's file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def digests_of(payload: str) -> dict[str, Digest]:
    """CRC and size of each file of Ansible's in a payload, by its path there."""
    with zipfile.ZipFile(payload) as archive:
        return {
            each.filename: (each.CRC, each.file_size)
            for each in archive.infolist()
            if each.filename.endswith(".py") and each.filename.partition("/")[0] in TOPS
        }


def stamps_of(modules: Iterable[types.ModuleType]) -> dict[str, int]:
    """When the files of installed modules were written, by path; those of payloads are compared by their content."""
    files = {str(getattr(each, "__file__", None) or "") for each in modules}
    return {file: os.stat(file).st_mtime_ns for file in files if "-packages/" in file}


class Given(InspectLoader):
    """A loader of what is there already: a module, or the code of one."""

    def __init__(self, module: types.ModuleType | None = None, code: types.CodeType | None = None):
        self._module, self._code = module, code

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        """Python's protocol."""
        return self._module

    def get_code(self, fullname: str) -> types.CodeType | None:
        """Python's protocol: a module that was imported has nothing left to execute."""
        return self._code or compile("", fullname, "exec")

    def get_source(self, fullname: str) -> None:
        """Python's protocol."""


@dataclass
class Knowledge:
    """What the parent has learned.

    `helpers`: the digest of each imported file of Ansible's, by its path in a payload. `codes`: digest and code of
    each module, likewise. `stamps`: when the files of all other imports were written.
    """

    helpers: dict[str, Digest] = field(default_factory=dict)
    codes: dict[str, tuple[Digest, types.CodeType]] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)

    def outdated(self) -> bool:
        """Whether an installed file is another than the one that was imported."""
        try:
            return any(os.stat(file).st_mtime_ns != stamp for file, stamp in self.stamps.items())
        except FileNotFoundError:
            return True

    def learn(self, payload: str, names: Iterable[str]) -> None:
        """Import from `payload` what its run had imported, `names`, and compile its module."""
        found = digests_of(payload)
        sys.path.insert(0, payload)
        for path in self.helpers:
            move(sys.modules[name_of(path)], payload)
        for name in sorted(set(names) - NEVER_IMPORT - set(sys.modules)):
            if name.partition(".")[0] not in TOPS or any(name_of(path) == name for path in found):
                # What a module could do without, the parent can.
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        sys.path.remove(payload)
        # Importing one imports others.
        self.helpers |= {path: digest for path, digest in found.items() if name_of(path) in sys.modules}
        with zipfile.ZipFile(payload) as archive:
            for path in filter(is_module, found):
                code = compile(archive.read(path), path, "exec", dont_inherit=True)
                self.codes[path] = (found[path], code)
        self.stamps = stamps_of(list(sys.modules.values()))
        # What is known by now stays: the forks need not touch it to find out.
        gc.collect()
        gc.freeze()


def move(module: types.ModuleType, payload: str) -> None:
    """Have a package of Ansible's look for the rest of itself in `payload`."""
    if hasattr(module, "__path__"):
        module.__path__ = [f"{payload}/{module.__name__.replace('.', '/')}"]


class Finder:
    """In a fork, the first of sys.meta_path: the first import from a payload brings back all that is the same there."""

    def __init__(self, knowledge: Knowledge, lesson: Path):
        self._knowledge, self._lesson = knowledge, lesson
        self._shelf = {path: sys.modules.pop(name_of(path)) for path in knowledge.helpers}
        self._codes: dict[str, types.CodeType] = {}
        self._opened = False
        self.stale = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Python's protocol."""
        if name.partition(".")[0] not in TOPS:
            return None
        if not self._opened:
            self._opened = True
            self._open(sys.path[0])
            if name in sys.modules:
                return ModuleSpec(name, Given(sys.modules[name]), is_package=True)
        if name in self._codes:
            return ModuleSpec(name, Given(code=self._codes[name]), origin=name)
        return None

    def _open(self, payload: str) -> None:
        if not zipfile.is_zipfile(payload):
            return
        known, found = self._knowledge, digests_of(payload)
        # All or nothing: what was imported together refers to one another.
        self.stale = any(known.helpers.get(path, digest) != digest for path, digest in found.items())
        if self.stale:
            return
        for path in self._shelf.keys() & found:
            module = sys.modules[name_of(path)] = self._shelf[path]
            move(module, payload)
        self._codes = {name_of(path): code for path, (digest, code) in known.codes.items() if found.get(path) == digest}
        if any(name_of(path) not in self._codes for path in filter(is_module, found)):
            # The payload is gone when the module has run.
            shutil.copyfile(payload, self._lesson.with_suffix(".zip"))


class Refused(Exception):
    """A client that a fork of this process cannot stand in for."""


@dataclass
class Client:
    """The process that connected, as the kernel knows it."""

    pid: int
    environment: dict[str, str]
    mask: int
    streams: list[int]
    pipe: int

    @classmethod
    def of(cls, connection: socket.socket) -> "Client":
        """Who is at the other end. Raises Refused, OSError."""
        pid, _user, _group = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        told = connection.recv(16)
        if not told.strip().isdigit():
            raise Refused("it does not tell the number of its pipe")
        process = os.pidfd_open(pid)
        kernel = ctypes.CDLL(None, use_errno=True)
        *streams, pipe = (kernel.syscall(PIDFD_GETFD, process, number, 0) for number in (0, 1, 2, int(told)))
        if -1 in (*streams, pipe):
            raise Refused("its streams cannot be had")
        folder = Path(f"/proc/{pid}")
        pairs = (folder / "environ").read_bytes().split(b"\0")
        environment = dict(os.fsdecode(pair).split("=", 1) for pair in pairs if b"=" in pair)
        fields = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines())
        return cls(pid, environment, int(fields["Umask"], 8), streams, pipe)

    def become(self) -> None:
        """Take over its streams, folder, mask, environment. Raises Refused when Python would start otherwise there."""
        settings = [self.environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")]
        chosen = next((each for each in settings if each), "C")
        if any(name.startswith("PYTHON") for name in self.environment):
            raise Refused("it has settings for Python")
        if chosen not in ("C", "POSIX") and "UTF" not in chosen.upper():
            raise Refused(f"its letters are those of {chosen}")
        if not settings[0] and chosen in ("C", "POSIX"):
            # As Python does by itself in this case.
            self.environment["LC_CTYPE"] = "C.UTF-8"
        os.chdir(f"/proc/{self.pid}/cwd")
        os.umask(self.mask)
        os.environ.clear()
        os.environ.update(self.environment)
        for number, stream in enumerate(self.streams):
            os.dup2(stream, number)
        # Those of the server think that they are what it was started with: files, a journal.
        sys.stdin = sys.__stdin__ = io.TextIOWrapper(
            io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape"
        )
        sys.stdout = sys.__stdout__ = stream_to(1, "surrogateescape")
        sys.stderr = sys.__stderr__ = stream_to(2, "backslashreplace")


def stream_to(number: int, errors: str) -> io.TextIOWrapper:
    """A text stream that writes to a descriptor."""
    raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=number == 2)


def serve_one(connection: socket.socket, knowledge: Knowledge, lesson: Path) -> NoReturn:
    """In a fork: be the Python of the client at `connection`. What the parent can learn of it goes to `lesson`."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        client = Client.of(connection)
        if knowledge.outdated():
            lesson.write_text(json.dumps({"stale": True}))
            raise Refused("other files are installed now")
        client.become()
    except (Refused, OSError) as error:
        print(f"left to a Python of its own: {error}", file=sys.stderr, flush=True)
        os._exit(0)
    connection.sendall(READY)
    if connection.recv(len(GO)) != GO:
        # The client did not wait.
        os._exit(0)
    end_with(client.pipe)
    finder = Finder(knowledge, lesson)
    sys.meta_path.insert(0, finder)
    code = run_program(sys.stdin.read())
    copied = lesson.with_suffix(".zip").exists()
    if finder.stale or copied:
        lesson.write_text(json.dumps({"stale": finder.stale, "names": list(sys.modules) if copied else []}))
    # From here on the end of the client means nothing any more.
    fcntl.fcntl(client.pipe, fcntl.F_SETFL, 0)
    connection.sendall(b"%d\n" % code)
    os._exit(code)


def end_with(pipe: int) -> None:
    """Have the kernel hang up on this process and its group when the client is gone.

    Nothing is ever written to `pipe`: on the connection the client's GO could still signal after it was read.
    """
    # Whoever started the server may have had it ignored, as nohup does.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, SET_SIGNAL, signal.SIGHUP)
    fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    # It may have gone before.
    with contextlib.suppress(BlockingIOError):
        os.read(pipe, 1)
        os._exit(1)


def run_program(source: str) -> int:
    """Run `source` as a fresh Python runs what it reads; returns the exit code."""
    atexit._clear()
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv, code = [""], 0
    try:
        Given(code=compile(source, "<stdin>", "exec", dont_inherit=True)).exec_module(main)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(BrokenPipeError):
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return code & 0xFF


class Server:
    """Takes connections at `path` and forks for each; the folder around it is this server's own."""

    def __init__(self, path: Path):
        self._folder = path.parent
        for lesson in (*self._folder.glob("*.json"), *self._folder.glob("*.zip")):
            lesson.unlink()
        path.unlink(missing_ok=True)
        self._knowledge = Knowledge()
        self._listener = socket.socket(socket.AF_UNIX)
        os.umask(0o177)
        self._listener.bind(str(path))
        os.umask(0o077)
        self._listener.listen(64)
        self._ended, waker = socket.socketpair()
        for each in (self._ended, waker):
            each.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> NoReturn:
        """Serve for ever."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _events in selector.select():
                    if key.fileobj is self._listener:
                        self._fork()
                    else:
                        self._bury()

    def _fork(self) -> None:
        connection, _address = self._listener.accept()
        with connection:
            if os.fork() == 0:
                signal.set_wakeup_fd(-1)
                self._listener.close()
                serve_one(connection, self._knowledge, self._folder / f"{os.getpid()}.json")

    def _bury(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._ended.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                lesson = self._folder / f"{pid}.json"
                if lesson.exists():
                    self._learn(json.loads(lesson.read_text()), lesson)

    def _learn(self, learned: dict[str, Any], lesson: Path) -> None:
        if learned["stale"]:
            os.execv(sys.executable, [sys.executable, *sys.argv])
        lesson.unlink()
        # It stays: tracebacks and late imports read it.
        self._knowledge.learn(str(lesson.with_suffix(".zip")), learned["names"])


if __name__ == "__main__":
    # The folder of this program, in which a fresh Python would not look.
    del sys.path[0]
    Server(Path(sys.argv[1])).serve()
