"""Sums of meters -> Prometheus' text. The workers' metrics are ``gateway.meter.METRICS``; ours are below."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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

SHIPPING = {
    "doorward_shipper_up": "1 if the process that ships records answered the supervisor in time, else 0.",
    "doorward_shipper_restarts_total": "Shippers that were started in the place of a dead one.",
}
"""Shown where there are sinks."""

SINKS: Mapping[str, tuple[str, str, str]] = {
    "doorward_sink_up": ("gauge", "up", "1 if the last delivery to the sink was taken, else 0."),
    "doorward_sink_delivered_total": ("counter", "delivered", "Events that the sink has acknowledged."),
    "doorward_sink_repeated_total": ("counter", "repeated", "Events that were sent again."),
    "doorward_sink_dead_letters_total": ("counter", "dead", "Events that the sink refuses as such, set aside."),
    "doorward_sink_unreadable_total": (
        "counter",
        "damaged",
        "Lines of the log that are no records, or segments that are gone: what it did not get of them, it never will.",
    ),
    "doorward_sink_waiting_bytes": ("gauge", "waiting_bytes", "Bytes of the log that the sink has not acknowledged."),
    "doorward_sink_waiting_seconds": ("gauge", "waiting_seconds", "Age of the oldest record that it has not."),
    "doorward_sink_acknowledged_timestamp_seconds": (
        "gauge",
        "acknowledged",
        "When the newest event was made that it has.",
    ),
    "doorward_sink_events_per_second": ("gauge", "rate", "What it has taken, over the last minute."),
    "doorward_sink_cursor_unsaved": ("gauge", "unsaved", "1 while it cannot be noted what the sink has, else 0."),
    "doorward_sink_spool_ratio": ("gauge", "fill", "What waits for it, of that and the free space of the disk."),
}
"""Name -> kind, member of the sink's status, help; labelled by the sink's name. Of one that has not begun, which it has
not while another configuration is put in its place, only ``OF_ANY``: its counts are not known, and not 0.
"""

OF_ANY = ("up", "waiting_bytes")


class Shipping(msgspec.Struct, frozen=True):
    """The shipper. ``sinks``: the status of each (``shipping.status``)."""

    up: bool
    restarts: int
    sinks: Sequence[Mapping[str, Any]]


class View(msgspec.Struct, frozen=True):
    """What one scrape shows. ``up``: worker number -> did it answer. ``shipping``: None without sinks."""

    total: Export
    up: Mapping[int, bool]
    restarts: int
    version: int
    reload_failed: bool
    shipping: Shipping | None = None


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
    if view.shipping is not None:
        yield from _shipping(view.shipping)


def _shipping(shipping: Shipping) -> Iterator[Metric]:
    up, restarts = "doorward_shipper_up", "doorward_shipper_restarts_total"
    yield GaugeMetricFamily(up, SHIPPING[up], float(shipping.up))
    yield CounterMetricFamily(restarts, SHIPPING[restarts], shipping.restarts)
    for name, (kind, member, text) in SINKS.items():
        family = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, text, labels=("sink",))
        for sink in shipping.sinks:
            if sink["since"] or member in OF_ANY:
                family.add_metric((sink["name"],), float(sink[member]))
        yield family
