"""Warm runs: a process that has Ansible imported already and forks a child for each run.

`zygote` is that process and `child` what a run's child does there; both import Ansible and run in no other process.
`keeper` starts and watches the zygote from the worker, `seam` puts it under ansible-runner. Whenever the zygote cannot
serve a run, the run goes the stock way: a process that executes ``ansible-playbook``.
"""
