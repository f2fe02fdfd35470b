"""Finished runs, kept for operators: what was run, how it ended and what Ansible said. Never a secret."""

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tenrec_api.models.base import now
from tenrec_api.orchestration.events import RunResult
from tenrec_api.orchestration.redaction import redact, scrub, secrets_of

log = logging.getLogger(__name__)


class Archive:
    """Keeps the last `runs` runs in `folder`, each in a folder named by time, kind and run id; 0: keeps none."""

    def __init__(self, folder: Path, runs: int):
        self._folder = folder
        self._runs = runs

    def keep(
        self, run_id: str, kind: str, items: Sequence[Mapping[str, Any]], nodes: Mapping[str, str], result: RunResult
    ) -> None:
        """Write one run. A full or missing disk costs the record, never the run."""
        if self._runs <= 0:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            target = self._folder / f"{now():%Y%m%dT%H%M%S.%f}-{kind}-{run_id}"
            target.mkdir(mode=0o700)
            record = {"kind": kind, "nodes": dict(nodes), "items": redact(list(items)), **_summary(result)}
            (target / "run.json").write_text(scrub(json.dumps(record, indent=1), secrets_of(list(items))) + "\n")
            (target / "output.log").write_text(result.output)
            self._forget_old()
        except OSError as error:
            log.warning("the run %s is not kept in %s: %s", run_id, self._folder, error)

    def _forget_old(self) -> None:
        runs = sorted(each for each in self._folder.iterdir() if each.is_dir())
        for old in runs[: -self._runs]:
            shutil.rmtree(old, ignore_errors=True)


def _summary(result: RunResult) -> dict[str, Any]:
    return {
        "status": result.status,
        "seconds": round(result.seconds, 3),
        "fault": asdict(result.fault) if result.fault else None,
        "outcomes": redact({identity: asdict(outcome) for identity, outcome in result.outcomes.items()}),
    }
