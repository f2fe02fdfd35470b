"""The metrics of the cloud, in Prometheus' text form."""

from collections.abc import Iterator

from flask import Response, g
from flask.views import MethodView
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from tenrec_api.apis import OPERATIONS
from tenrec_api.http.blueprint import Blueprint, requires
from tenrec_api.services import metrics

blueprint = Blueprint("metrics", OPERATIONS, "How the cloud is doing, for monitoring")


@blueprint.route("/metrics")
class Metrics(MethodView):
    """What a monitoring system reads."""

    @requires("operations:metrics")
    @blueprint.response(200, content_type="text/plain")
    def get(self):
        """Show findings, operations and the times of runs as Prometheus reads them."""
        registry = CollectorRegistry()
        registry.register(_Collected(metrics.collect(g.session)))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Collected:
    """Numbers that are collected already, as prometheus_client asks for them."""

    def __init__(self, numbers: metrics.Metrics):
        self._numbers = numbers

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families of metrics."""
        numbers = self._numbers
        yield _family(
            "tenrec_findings",
            "Differences found by the last comparison",
            ("resource_type", "problem"),
            numbers.findings,
        )
        yield _family("tenrec_operations", "Operations that are kept", ("kind", "status"), numbers.operations)
        for name, text, values in (
            ("runs", "Playbook runs of the last hour", {(run.kind, run.status): run.count for run in numbers.runs}),
            ("run_seconds", "Their seconds, summed up", {(run.kind, run.status): run.total for run in numbers.runs}),
            ("run_seconds_longest", "The longest", {(run.kind, run.status): run.longest for run in numbers.runs}),
        ):
            yield _family(f"tenrec_last_hour_{name}", text, ("playbook", "status"), values)
        yield GaugeMetricFamily(
            "tenrec_oldest_queued_operation_seconds",
            "How long the oldest queued operation has waited",
            value=numbers.oldest_queued_seconds,
        )
        if numbers.reconciled_seconds_ago is not None:
            yield GaugeMetricFamily(
                "tenrec_last_reconcile_age_seconds",
                "Since the last comparison of the hosts with the database",
                value=numbers.reconciled_seconds_ago,
            )


def _family(name: str, text: str, labels: tuple[str, str], values: dict[tuple[str, str], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for each, value in sorted(values.items()):
        family.add_metric(each, value)
    return family
