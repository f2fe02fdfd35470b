"""Starts the zygote, watches it, and has it fork runs: the worker's side of a warm run."""

import contextlib
import itertools
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tenrec_api.orchestration.warm.mark import reserve
from tenrec_api.orchestration.warm.protocol import (
    ARTIFACTS,
    GO,
    LARGEST_REQUEST,
    LOCAL_TEMP,
    PACKED_MODULES,
    READY,
    RETIRE,
)
from tenrec_api.orchestration.warm.seam import Process

log = logging.getLogger(__name__)

PROGRAM = "tenrec_api.orchestration.warm.zygote"
# How long a zygote may take to import Ansible, and to fork.
START_SECONDS = 60.0
FORK_SECONDS = 5.0
# The pause before a zygote that died is started again; it doubles each time that one does not even get ready.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
# How the names of variables begin that settle something when Python and Ansible start.
READ_AT_IMPORT = (
    "ANSIBLE_",
    "AWX_",
    "HOME",
    "LANG",
    "LC_",
    "LD_",
    "NO_COLOR",
    "PATH",
    "PYTHON",
    "TERM",
    "TMP",
    "TZ",
    "XDG_",
)

Signature = frozenset[tuple[str, int, int, int]]


class Keeper:
    """Keeps one zygote. Several threads may fork at once.

    `environment` and `cwd`: those of any run, as ansible-runner makes them; a run whose own differ by more than its
    folders is not served. `watched`: files and folders that Ansible reads once; when one changes, the zygote is
    replaced. `run_directory`: the folder in which all runs have theirs. `collection`: that of their playbooks.
    """

    def __init__(
        self, environment: Mapping[str, str], cwd: str, watched: Iterable[Path], run_directory: Path, collection: str
    ):
        self._common = _common(environment, cwd)
        self._watched = list(watched)
        self._arguments = [str(run_directory), collection]
        self._home = run_directory / "warm"
        self._environment = dict(environment)
        self._generations = itertools.count(1)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._signature: Signature = frozenset()
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="zygote", daemon=True)

    def start(self) -> None:
        """Start the zygote, and again whenever it ends, until `stop`. Returns at once; it forks when it is ready."""
        self._watcher.start()

    def stop(self) -> None:
        """End the zygote. What it forked goes on."""
        self._stopping.set()
        if not self._retire():
            self._kill()
        self._watcher.join(timeout=START_SECONDS)

    def wait(self, seconds: float = START_SECONDS) -> bool:
        """Wait until there is a zygote that forks; returns whether there is one."""
        return self._ready.wait(seconds)

    def fork(self, argv: list[str], cwd: str, env: Mapping[str, str], terminal: int) -> Process | None:
        """Have a run forked, with `terminal` as its terminal. Returns None when the zygote does not serve it.

        Else it has begun.
        """
        with self._lock:
            control = self._control
        if control is None:
            return None
        if _common(env, cwd) != self._common:
            log.warning("a run wants other settings than the zygote was started with")
            return None
        if self._has_changed():
            log.info("what the zygote has read has changed: starting another")
            self._retire()
            return None
        request = json.dumps({"argv": argv, "cwd": cwd, "env": dict(env)}).encode()
        if len(request) > LARGEST_REQUEST:
            return None
        return self._ask(control, request, terminal)

    def _has_changed(self) -> bool:
        try:
            return _signature(self._watched) != self._signature
        except OSError:
            # Gone while it was looked at.
            return True

    def _ask(self, control: socket.socket, request: bytes, terminal: int) -> Process | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(FORK_SECONDS)
        try:
            with theirs:
                socket.send_fds(control, [request], [terminal, theirs.fileno()])
            said = ours.recv(16)
            if said:
                # It waits for GO, so its id is still its own.
                pid = int(said)
                pidfd = os.pidfd_open(pid)
                ours.send(GO)
                return pid, pidfd, ours
            log.warning("the zygote did not fork")
        except OSError as error:
            # A child that comes after all finds the socket closed, and does nothing.
            log.warning("the zygote does not answer: %s", error)
            self._kill()
        ours.close()
        return None

    def _retire(self) -> bool:
        with self._lock:
            control, self._control = self._control, None
        self._ready.clear()
        if control is not None:
            with contextlib.suppress(OSError):
                control.send(RETIRE)
                return True
        return False

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def _watch(self) -> None:
        # What an earlier worker's zygote left; its runs have been ended.
        shutil.rmtree(self._home, ignore_errors=True)
        pause = SHORTEST_PAUSE
        while not self._stopping.is_set():
            try:
                was_ready = self._keep_one()
            except OSError as error:
                log.warning("cannot start a zygote, runs take the slow way: %s", error)
                was_ready = False
            pause = SHORTEST_PAUSE if was_ready else min(pause * 2, LONGEST_PAUSE)
            self._stopping.wait(pause)

    def _keep_one(self) -> bool:
        """Start a zygote and wait for its end. Returns whether it ever was ready."""
        # A folder of its own: what an earlier one forked still uses the other.
        home = self._home / str(next(self._generations))
        (home / PACKED_MODULES).mkdir(mode=0o700, parents=True)
        signature = _signature(self._watched)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", PROGRAM, str(theirs.fileno()), *self._arguments],
                    env={**self._environment, ARTIFACTS: reserve(home), LOCAL_TEMP: str(home)},
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            if self._stopping.is_set():
                self._kill()
            is_ready = _hears_ready(ours)
            if is_ready:
                ours.settimeout(FORK_SECONDS)
                with self._lock:
                    self._control, self._signature = ours, signature
                self._ready.set()
                log.info("the zygote %d is ready", self._process.pid)
            else:
                self._kill()
            code = self._process.wait()
            with self._lock:
                self._control = None
            self._ready.clear()
        if not is_ready:
            shutil.rmtree(home, ignore_errors=True)
        if not self._stopping.is_set():
            log.warning("the zygote ended with %d", code)
        return is_ready


def _hears_ready(control: socket.socket) -> bool:
    control.settimeout(START_SECONDS)
    try:
        return control.recv(len(READY)) == READY
    except OSError:
        return False


def _common(environment: Mapping[str, str], cwd: str) -> dict[str, str]:
    """What Ansible may have read in an environment while it was imported, without the names of the run's own folders.

    All the rest of a run's environment is put in place before the run begins.
    """
    artifacts = environment[ARTIFACTS]
    return {
        name: value.replace(artifacts, "<artifacts>").replace(cwd, "<run>")
        for name, value in environment.items()
        if name.startswith(READ_AT_IMPORT)
    }


def _signature(watched: Iterable[Path]) -> Signature:
    """By what a change of the files in `watched` is seen: their names, times, sizes and inodes."""
    return frozenset(each for path in watched for each in _looks(path))


def _looks(path: Path | os.DirEntry[str]) -> Iterator[tuple[str, int, int, int]]:
    if path.is_dir():
        with os.scandir(path) as entries:
            for entry in entries:
                # Python writes there what it reads elsewhere.
                if entry.name != "__pycache__":
                    yield from _looks(entry)
    elif path.is_file():
        stat = path.stat()
        yield os.fspath(path), stat.st_mtime_ns, stat.st_size, stat.st_ino
