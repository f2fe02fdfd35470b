"""Ansible callback that tells the launcher, as JSON lines on a pipe, which task runs and what failed."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: progress
type: notification
short_description: Tell the launcher how a deployment proceeds
description:
  - Writes one JSON object in each line to the file descriptor that the environment variable C(TENREC_PROGRESS) names.
"""


class CallbackModule(CallbackBase):
    """Writes `{"event": task|failed|stats, …}`; without the variable it does nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        descriptor = os.environ.get("TENREC_PROGRESS")
        self._stream = os.fdopen(int(descriptor), "w", buffering=1) if descriptor else None

    def v2_playbook_on_play_start(self, play):
        self._tell(event="play", name=play.get_name())

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._tell_task(task)

    def v2_playbook_on_handler_task_start(self, task):
        self._tell_task(task)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self._tell_failure(result)

    def v2_runner_on_unreachable(self, result):
        self._tell_failure(result)

    def v2_playbook_on_stats(self, stats):
        totals = {host: stats.summarize(host) for host in stats.processed}
        changed = sum(summary["changed"] for summary in totals.values())
        self._tell(event="stats", changed=changed, hosts=sorted(totals))

    def _tell_task(self, task):
        role = task._role.get_name() if task._role else ""
        self._tell(event="task", role=role, name=task.name or task.action)

    def _tell_failure(self, result):
        values = result.result if hasattr(result, "result") else result._result
        # A task with a loop says only that some item failed: the first that did says why.
        values = next((item for item in values.get("results", []) if item.get("failed")), values)
        hidden = values.get("_ansible_no_log")
        message = "hidden, for it may hold a secret" if hidden else str(values.get("msg", "no message"))
        for extra in ("stderr", "module_stderr"):
            if not hidden and values.get(extra):
                message += "\n" + "\n".join(str(values[extra]).strip().splitlines()[-5:])
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        self._tell(event="failed", host=host.get_name(), task=task.get_name(), message=message)

    def _tell(self, **event):
        if self._stream:
            self._stream.write(json.dumps(event) + "\n")
