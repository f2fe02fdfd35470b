"""Runs a playbook through ansible-runner as the Runner does, and keeps everything that it left."""

import copy
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tenrec_api.orchestration import leftovers
from tenrec_api.orchestration.runner import never
from tenrec_api.orchestration.warm import seam

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What differs between any two runs of the same playbook.
TIMES = ("created", "start", "end", "duration", "pid", "modified")


@dataclass
class Recorder:
    """In the Collector's stead: keeps every event."""

    events: list = field(default_factory=list)

    def handle(self, event) -> bool:
        self.events.append(copy.deepcopy(event))
        return True


@dataclass
class Played:
    """What a run left: how it ended, its events, and its artifacts by name."""

    status: str
    code: int | None
    events: list
    artifacts: dict
    forked: bool

    def alike(self) -> dict:
        """All of it, with names for what differs from run to run; each uuid is the n-th that appeared."""
        seen: dict[str, str] = {}

        def name(match):
            return seen.setdefault(match[0], f"<uuid {len(seen)}>")

        def plain(value):
            if isinstance(value, dict):
                return {plain(key): "<time>" if key in TIMES else plain(each) for key, each in value.items()}
            if isinstance(value, list):
                return [plain(each) for each in value]
            return UUID.sub(name, value) if isinstance(value, str) else value

        return plain({
            "status": self.status, "code": self.code, "events": self.events,
            "files": sorted(re.sub(r"\d+-.*", "<event>", path) for path in self.artifacts),
            "stdout": self.artifacts["stdout"], "rc": self.artifacts["rc"], "said": self.artifacts["status"],
        })  # fmt: skip


class Witness:
    """Passes forks on to the keeper, and knows whether one served."""

    def __init__(self, keeper):
        self._keeper, self.forked = keeper, False

    def fork(self, *arguments):
        process = self._keeper.fork(*arguments)
        self.forked = process is not None
        return process


def play(
    runner, kind, items, nodes=None, deadline=120, cancelled=never, check=False, keeper=None, name="played"
) -> Played:
    """Run the playbook `kind` with the given Runner's settings: forked by `keeper`, or the stock way.

    `name`: that of its folder, which is the same for all runs that are compared, because results speak of it.
    """
    folder = Path(runner._settings.run_directory) / f"run-{name}"
    folder.mkdir(mode=0o700, parents=True)
    runner._write(folder, items, nodes or {}, deadline)
    recorder, witness = Recorder(), Witness(keeper)
    run = runner._prepare(kind, folder, recorder, deadline, cancelled, check)
    try:
        with seam.warmed_by(witness if keeper else None):
            run.run()
        top = Path(run.config.artifact_dir)
        artifacts = {
            str(path.relative_to(top)): path.read_text(errors="replace") for path in top.rglob("*") if path.is_file()
        }
        return Played(run.status, run.rc, recorder.events, artifacts, witness.forked)
    finally:
        leftovers.end_processes(folder)
        shutil.rmtree(folder)
