"""Sums of meters -> Prometheus' text. The workers' metrics are ``gateway.meter.METRICS``; ours are below."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from doorward.gateway import meter
from doorward.supervisor.totals import Export

OURS = {
    "doorward_worker_up": "1 if the worker is ready and answered the supervisor in time, else 0.",
    "doorward_worker_restarts_total": "Workers that were started in the place of a dead one.",
    "doorward_config_version": "Version of the configuration in force; rises by one with each reload.",
    "doorward_config_reload_failed": "1 while the file on disk was refused and an older version is in force, else 0.",
}


class View(msgspec.Struct, frozen=True):
    """What one scrape shows. ``up``: worker number -> did it answer."""

    total: Export
    up: Mapping[int, bool]
    restarts: int
    version: int
    reload_failed: bool


def render(view: View) -> bytes:
    """The text that ``GET /metrics`` answers (``text/plain; version=1.0.0``)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_View(view))
    return generate_latest(registry)


class _View(Collector):
    def __init__(self, view: View) -> None:
        self._view = view

    def collect(self) -> Iterable[Metric]:
        for metric in meter.METRICS:
            if metric.kind == "counter":
                yield _counter(metric, self._view.total)
            elif metric.kind == "gauge":
                yield GaugeMetricFamily(metric.name, metric.help, self._view.total["gauges"].get(metric.name, 0.0))
            else:
                yield _histogram(metric, self._view.total)
        yield from _own(self._view)


def _counter(metric: meter.Metric, total: Export) -> Metric:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    series = total["counts"].get(metric.name, [])
    for labels, number in series:
        family.add_metric(labels, number)
    if not metric.labels and not series:
        family.add_metric((), 0)
    return family


def _histogram(metric: meter.Metric, total: Export) -> Metric:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    stages = {meter.WHOLE_SECONDS: (meter.WHOLE,), meter.JOURNAL_SECONDS: ("journal",)}.get(metric.name, meter.STAGES)
    for stage in stages:
        if (row := total["rows"].get(stage)) is not None:
            family.add_metric((stage,) if metric.labels else (), list(_cumulative(row)), row[-1])
    return family


def _cumulative(row: list[float]) -> Iterator[tuple[str, float]]:
    seen = 0.0
    for bound, number in zip((*map(str, meter.BUCKETS), "+Inf"), row[:-1], strict=True):
        seen += number
        yield bound, seen


def _own(view: View) -> Iterator[Metric]:
    up = GaugeMetricFamily("doorward_worker_up", OURS["doorward_worker_up"], labels=("worker",))
    for number, answered in view.up.items():
        up.add_metric((str(number),), float(answered))
    yield up
    restarts = "doorward_worker_restarts_total"
    yield CounterMetricFamily(restarts, OURS[restarts], view.restarts)
    version = "doorward_config_version"
    yield GaugeMetricFamily(version, OURS[version], view.version)
    failed = "doorward_config_reload_failed"
    yield GaugeMetricFamily(failed, OURS[failed], float(view.reload_failed))
