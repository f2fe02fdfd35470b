"""All workflows: whatever the modules of this package define as ``WORKFLOWS`` and ``PERIODICS``."""

import importlib
import pkgutil
from collections.abc import Iterable

from tenrec_api.orchestration.workflows.base import Periodic, Workflow


def discover() -> tuple[dict[str, Workflow], tuple[Periodic, ...]]:
    """Import every module of this package; returns the workflows by kind, and the periodic runs.

    Raises ValueError when two workflows have one kind, or a compensation is not a workflow.
    """
    workflows: list[Workflow] = []
    periodics: list[Periodic] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        workflows.extend(getattr(loaded, "WORKFLOWS", ()))
        periodics.extend(getattr(loaded, "PERIODICS", ()))
    return by_kind(workflows), tuple(periodics)


def by_kind(workflows: Iterable[Workflow]) -> dict[str, Workflow]:
    """The workflows by kind; raises ValueError as `discover` does."""
    registry: dict[str, Workflow] = {}
    for workflow in workflows:
        if workflow.kind in registry:
            raise ValueError(f"There are two workflows of the kind {workflow.kind}.")
        registry[workflow.kind] = workflow
    for workflow in registry.values():
        if workflow.compensation is not None and workflow.compensation not in registry:
            raise ValueError(f"The compensation {workflow.compensation} of {workflow.kind} is not a workflow.")
    return registry
