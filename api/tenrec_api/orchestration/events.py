"""From the events of a playbook run to what became of each item. Pure: no Ansible, no database."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tenrec_api.models.base import now
from tenrec_api.orchestration.redaction import scrub, secrets_of

# The one host pattern that may match nothing: that of a play which this run does not have.
NOBODY = "nobody"
# Keys of a module's result that are Ansible's, not facts.
NOT_FACTS = frozenset(
    {"id", "changed", "error", "failed", "skipped", "invocation", "msg", "results", "transient"}
    | {"warnings", "deprecations", "diff", "exception"}
)
# What became of one task on one host; `ignored` failed, and the playbook goes on all the same.
TASK_STATUSES = ("ok", "changed", "skipped", "failed", "ignored", "unreachable")
# As far as the microseconds of an ISO time; what may follow is the zone, which is always UTC.
TIME_CHARACTERS = 26
# What a run's status is to `Collector.finish` when a signal ended Ansible itself; the run's own is then "failed".
KILLED = "killed"
# What Ansible says when one of its processes was killed, and not what it was doing.
DEAD_WORKER = "A worker was found in a dead state"
MESSAGE_CHARACTERS = 4000
OUTPUT_CHARACTERS = 256 * 1024
ERROR_LINE = re.compile(r"^(?:\[ERROR\]:|ERROR!)\s*(.+)", re.MULTILINE)
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Fault:
    """Why something failed: the task's name, the host, the message.

    `transient`: another try may help (the host, or an engine on it, could not be reached, or Ansible was killed).
    `own`: it is this item's failure; else the run failed as a whole and took the item with it.
    """

    task: str
    host: str
    message: str
    transient: bool = False
    own: bool = False


@dataclass
class Outcome:
    """What became of one item: the facts that its modules returned, together, and the first fault."""

    facts: dict[str, Any] = field(default_factory=dict)
    changed: bool = False
    fault: Fault | None = None


@dataclass
class RunResult:
    """How a run ended.

    `run_id`: names it in the history and in the archive; empty when there was nothing to run. `status`: successful,
    failed, timeout or canceled. `outcomes`: by item id. `hosts` and `host_faults`: by host, what tasks without items
    returned and the first fault. `fault`: the first that is no single item's. `diffs`: what changed, or would, as
    `task`, `host`, `before`, `after` and the headers that Ansible shows. `tasks`: what each task was on each host, as
    `play`, `task`, `host`, `start` (UTC, ISO), `seconds`, `status` (one of TASK_STATUSES), and the `message` of one
    that failed. `output`: Ansible's own words, without secrets. `began`: UTC.
    """

    status: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    host_faults: dict[str, Fault] = field(default_factory=dict)
    fault: Fault | None = None
    diffs: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    output: str = ""
    seconds: float = 0.0
    run_id: str = ""
    began: datetime = field(default_factory=now)
    check: bool = False


class Runs(Protocol):
    """What runs playbooks: runner.Runner, and what wraps it or stands for it."""

    def run(
        self,
        kind: str,
        items: Sequence[Mapping[str, Any]],
        nodes: Mapping[str, str],
        deadline: int,
        cancelled: Callable[[], bool],
        check: bool = False,
        keep: bool = True,
    ) -> RunResult:
        """Run the playbook `kind`; see runner.Runner.run."""


class Collector:
    """Takes ansible-runner's events as they come and sums them up at the end."""

    def __init__(self, items: Iterable[Mapping[str, Any]]):
        items = list(items)
        self._secrets = set().union(*(secrets_of(item) for item in items))
        self._outcomes = {item["id"]: Outcome() for item in items}
        self._owners = _owners(items)
        self._reported: set[str] = set()
        self._hosts: dict[str, dict[str, Any]] = {}
        self._host_faults: dict[str, Fault] = {}
        self._missing: list[Fault] = []
        self._pattern: str | None = None
        self._task = ""
        self._output: list[str] = []
        self._diffs: list[dict[str, Any]] = []
        self._tasks: list[dict[str, Any]] = []

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take one event. Returns False: the runner need not keep it on disk, where its secrets would lie."""
        if event.get("stdout"):
            self._output.append(event["stdout"])
        data = event.get("event_data") or {}
        match event.get("event"):
            case "playbook_on_play_start":
                self._pattern = str(data.get("pattern") or "")
            case "playbook_on_task_start":
                self._task = str(data.get("name") or data.get("task") or "")
            case "playbook_on_no_hosts_matched" if self._pattern != NOBODY:
                play = str(data.get("play") or self._pattern)
                self._missing.append(
                    Fault(play, "", f"No host matches '{self._pattern}': the play '{play}' ran nowhere.")
                )
            case "runner_on_ok":
                changed = (data.get("res") or {}).get("changed")
                self._time(data, "changed" if changed else "ok")
                self._take(data, failed=False)
            case "runner_on_skipped":
                self._time(data, "skipped")
            case "runner_on_failed":
                self._time(data, "ignored" if data.get("ignore_errors") else "failed")
                self._take(data, failed=not data.get("ignore_errors"))
            case "runner_on_unreachable":
                self._time(data, "unreachable")
                self._host_fault(self._fault(data, data.get("res") or {}, transient=True))
        return False

    def _time(self, data: Mapping[str, Any], status: str) -> None:
        timing = {
            "play": str(data.get("play") or ""),
            "task": str(data.get("task") or self._task),
            "host": str(data.get("host") or ""),
            "start": str(data.get("start") or "")[:TIME_CHARACTERS],
            "seconds": round(float(data.get("duration") or 0.0), 3),
            "status": status,
        }
        if status in ("failed", "unreachable"):
            timing["message"] = self._fault(data, data.get("res") or {}).message
        self._tasks.append(timing)

    def _take(self, data: Mapping[str, Any], failed: bool) -> None:
        result = data.get("res") or {}
        # The results of a loop are whole results; those of a module are its items.
        for each in result.get("results") or [] if data.get("event_loop") else [result]:
            if isinstance(each, Mapping):
                self._take_result(data, each)
        if failed:
            self._host_fault(self._fault(data, result, transient=bool(result.get("transient"))))

    def _take_result(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        reports = result.get("results")
        if isinstance(reports, list):
            for report in reports:
                if isinstance(report, Mapping) and "id" in report:
                    self._take_report(data, report)
        for diff in result.get("diff") or ():
            if isinstance(diff, Mapping):
                self._diffs.append({"task": str(data.get("task") or self._task), "host": str(data.get("host")), **diff})
        facts = _facts(result)
        if facts:
            self._hosts.setdefault(str(data.get("host")), {}).update(facts)

    def _take_report(self, data: Mapping[str, Any], report: Mapping[str, Any]) -> None:
        identity = str(report["id"])
        for owner in self._owners.get(identity, ()):
            outcome = self._outcomes[owner]
            self._reported.add(owner)
            outcome.changed = outcome.changed or bool(report.get("changed"))
            if owner == identity:
                outcome.facts.update(_facts(report))
            elif _facts(report):
                outcome.facts.setdefault("parts", {}).setdefault(identity, {}).update(_facts(report))
            if report.get("error") and outcome.fault is None:
                transient = bool(report.get("transient"))
                outcome.fault = self._fault(data, {"msg": report["error"]}, transient, own=True)

    def _fault(
        self, data: Mapping[str, Any], result: Mapping[str, Any], transient: bool = False, own: bool = False
    ) -> Fault:
        message = result.get("msg") or result.get("censored") or "no message"
        text = scrub(message if isinstance(message, str) else str(message), self._secrets)
        return Fault(
            str(data.get("task") or self._task), str(data.get("host") or ""), text[:MESSAGE_CHARACTERS], transient, own
        )

    def _host_fault(self, fault: Fault) -> None:
        self._host_faults.setdefault(fault.host, fault)

    def finish(self, status: str, seconds: float = 0.0, limit: float = 0.0) -> RunResult:
        """Sum up a run that ended with `status` after `seconds`; `limit` is how long it might have taken."""
        output = scrub(ESCAPE.sub("", "\n".join(self._output))[-OUTPUT_CHARACTERS:], self._secrets)
        result = RunResult(
            "failed" if status == KILLED else status,
            self._outcomes,
            self._hosts,
            diffs=self._diffs,
            tasks=self._tasks,
            output=output,
            seconds=seconds,
        )
        if status == "successful":
            # A fault that the playbook itself rescued is none.
            result.fault = self._missing[0] if self._missing else None
        else:
            result.host_faults = self._host_faults
            result.fault = self._whole_fault(status, output, limit)
        for identity, outcome in self._outcomes.items():
            if outcome.fault is None:
                outcome.fault = result.fault
            if outcome.fault is None and identity not in self._reported:
                outcome.fault = Fault(self._task, "", "The playbook ended without a word on this item.")
        return result

    def _whole_fault(self, status: str, output: str, limit: float) -> Fault:
        if status == KILLED:
            return Fault(self._task, "", "Ansible was killed in the middle of the run.", transient=True)
        if status == "timeout":
            return Fault(self._task, "", f"The run did not end within {limit:g} seconds and was stopped.")
        if status == "canceled":
            return Fault(self._task, "", "The run was cancelled.")
        for fault in (*self._host_faults.values(), *self._missing):
            return fault
        said = ERROR_LINE.findall(output)
        message = " ".join(said).strip() or output.strip()[-500:] or "Ansible ended with an error and said nothing."
        died = DEAD_WORKER in message
        return Fault(self._task if died else "Read the playbook", "", message[:MESSAGE_CHARACTERS], transient=died)


def _facts(result: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in NOT_FACTS and not key.startswith("_ansible")}


def _owners(items: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """For each id that is an item's or that of a part of one (a server's port), the items that it speaks for."""
    owners: dict[str, list[str]] = {}
    for item in items:
        for identity in {item["id"], *_parts(item)}:
            owners.setdefault(identity, []).append(item["id"])
    return owners


def _parts(item: Mapping[str, Any]) -> Iterator[str]:
    # One level and no deeper: below that is what tenants typed, which must not speak for anything.
    for value in item.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping) and isinstance(part.get("id"), str):
                yield part["id"]
