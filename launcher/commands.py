"""Running other programs: argument lists only, never a shell line."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.errors import LauncherError

Arguments = Sequence[str | Path]


def run(
    arguments: Arguments,
    *,
    check: bool = True,
    text: str | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    advice: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and keep its output.

    :param text: its standard input; without it the program reads nothing
    :param environment: variables added to the launcher's own
    :param log: a file to which the output is appended as it comes (`stdout` of the result is then empty)
    :raises LauncherError: when it exits with another code than 0 and `check` holds, or is not there
    """
    words = [str(word) for word in arguments]
    settings = {"env": {**os.environ, **(environment or {})}, "text": True}
    settings.update({"input": text} if text is not None else {"stdin": subprocess.DEVNULL})
    try:
        if log is None:
            result = subprocess.run(words, capture_output=True, check=False, **settings)
        else:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a") as stream:
                stream.write(f"$ {shlex.join(words)}\n")
                stream.flush()
                result = subprocess.run(words, stdout=stream, stderr=subprocess.STDOUT, check=False, **settings)
    except FileNotFoundError as error:
        raise LauncherError(f"{words[0]} is not installed", "run ./tenrec up, which installs it") from error
    if check and result.returncode != 0:
        raise LauncherError(_cause(words, result, log), advice or (f"read {log}" if log else ""))
    return result


def output(arguments: Arguments) -> str:
    """Run a program and return what it printed, without the space around it."""
    return run(arguments).stdout.strip()


def succeeds(arguments: Arguments) -> bool:
    """Tell whether a program exits with code 0."""
    return run(arguments, check=False).returncode == 0


def _cause(words: list[str], result: subprocess.CompletedProcess[str], log: Path | None) -> str:
    said = log.read_text(errors="replace") if log else (result.stderr or "") + (result.stdout or "")
    last_lines = "\n".join(said.strip().splitlines()[-6:])
    return f"`{shlex.join(words)[:300]}` ended with code {result.returncode}:\n{last_lines}"
