"""Running a playbook of the deployment, with progress by role."""

import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from launcher import environment
from launcher.errors import LauncherError
from launcher.paths import LOGS, REPOSITORY, private_folder
from launcher.steps import Steps, seconds_since

_CALLBACKS = Path(__file__).parent / "callbacks"


@dataclass
class PlaybookResult:
    """What a run came to."""

    changed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)


def run(steps: Steps, arguments: list[str], *, log_name: str) -> PlaybookResult:
    """Run ansible-playbook in the working copy and print each role with its seconds.

    :param arguments: those of ansible-playbook
    :param log_name: name of the file below `.tenrec/log` that gets Ansible's whole output
    :raises LauncherError: when a task fails; names the task, the host and the message
    """
    log = private_folder(LOGS) / f"{log_name}.log"
    words = [str(environment.program("ansible-playbook")), *arguments]
    events, tell = os.pipe()
    with log.open("w") as stream, os.fdopen(events) as lines:
        stream.write(f"$ {shlex.join(words)}\n")
        stream.flush()
        process = subprocess.Popen(
            words,
            cwd=REPOSITORY,
            env={
                **os.environ,
                **environment.variables(),
                "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
                "ANSIBLE_CALLBACKS_ENABLED": "progress",
                "ANSIBLE_FORCE_COLOR": "0",
                "ANSIBLE_NOCOLOR": "1",
                "TENREC_PROGRESS": str(tell),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[tell],
        )
        os.close(tell)
        copier = threading.Thread(target=_copy_output, args=(process, stream, steps))
        copier.start()
        result = _follow(steps, (json.loads(line) for line in lines))
        copier.join()
        code = process.wait()
    if code != 0:
        raise LauncherError(
            _cause(result, code, log), f"read {log}; when the cause is gone, run the same command again"
        )
    return result


def _copy_output(process: subprocess.Popen[str], log, steps: Steps) -> None:
    for line in process.stdout:
        log.write(line)
        if steps.verbose:
            steps.say(line.rstrip("\n"))


def _follow(steps: Steps, events: Iterator[dict]) -> PlaybookResult:
    """Print each role when the next one begins, and keep what failed."""
    result = PlaybookResult()
    role, started = "", time.monotonic()
    for event in events:
        if event["event"] == "task" and event["role"] and event["role"] != role:
            if role:
                steps.note(f"{role:<20} {seconds_since(started)}")
            role, started = event["role"], time.monotonic()
        elif event["event"] == "failed":
            result.failures.append(event)
        elif event["event"] == "stats":
            result.changed = event["changed"]
    if role:
        steps.note(f"{role:<20} {seconds_since(started)}")
    return result


def _cause(result: PlaybookResult, code: int, log: Path) -> str:
    if result.failures:
        failure = result.failures[0]
        return f"task {failure['task']!r} on {failure['host']}: {failure['message']}"
    last_lines = "\n".join(log.read_text(errors="replace").strip().splitlines()[-8:])
    return f"ansible-playbook ended with code {code}:\n{last_lines}"
