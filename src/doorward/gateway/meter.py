"""Counts and times of one worker, cheap enough for every call. Plain lists and dicts; the supervisor sums and renders.

The names are Prometheus' own, so what the code says is what a dashboard shows (docs/metrics.md explains each).
"""

import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

import msgspec

log = logging.getLogger(__name__)

BUCKETS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""Upper bounds in seconds (inclusive, as Prometheus wants them): 0.1 ms to 10 s."""

STAGES = ("read", "authenticate", "authorize", "inspect", "journal", "seal", "respond", "total_ours")
"""Labels of ``doorward_gateway_seconds``."""

WHOLE = "whole"
"""The stage that is not ours alone: from the first byte of a call to the last of its answer."""

CALLS = "doorward_calls_total"
WOULD_HAVE = "doorward_would_have_total"
UPSTREAM_FAILURES = "doorward_upstream_failures_total"
EDGE_REFUSED = "doorward_edge_refused_total"
FINDINGS = "doorward_findings_total"
JOURNAL_RECORDS = "doorward_journal_records_total"
JOURNAL_QUEUED = "doorward_journal_queued"
JOURNAL_STOPS = "doorward_journal_stops"
JOURNAL_CHECKPOINTS = "doorward_journal_checkpoints"
JOURNAL_COPIES_FAILED = "doorward_journal_copies_failed"
JOURNAL_WINDOW = "doorward_journal_unsynced_seconds"
JOURNAL_SYNCS = "doorward_journal_syncs"
JOURNAL_SYNC = "doorward_journal_sync_seconds"
IN_FLIGHT = "doorward_in_flight"
STREAMS = "doorward_streams"
TASKS = "doorward_tasks"
CONNECTIONS = "doorward_connections"
GATEWAY_SECONDS = "doorward_gateway_seconds"
WHOLE_SECONDS = "doorward_whole_seconds"
JOURNAL_SECONDS = "doorward_journal_seconds"


class Metric(msgspec.Struct, frozen=True):
    """One name that workers count under: what kind it is, which labels it takes in which order, and what it says."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


METRICS = (
    Metric(CALLS, "counter", ("server", "method", "decision", "reason"), "Messages that were decided upon."),
    Metric(WOULD_HAVE, "counter", ("server", "reason"), "Messages that enforcement would have changed or refused."),
    Metric(
        FINDINGS, "counter", ("entity", "direction"), "Personal data and secrets found, whatever was done with them."
    ),
    Metric(GATEWAY_SECONDS, "histogram", ("stage",), "Seconds that the gateway itself took, by stage."),
    Metric(WHOLE_SECONDS, "histogram", (), "Seconds from a call's first byte to its answer's last, upstream included."),
    Metric(JOURNAL_SECONDS, "histogram", (), "Seconds until the kernel had an audit record."),
    Metric(IN_FLIGHT, "gauge", (), "Calls that wait for their answer."),
    Metric(STREAMS, "gauge", (), "Event streams that are open towards clients."),
    Metric(TASKS, "gauge", (), "Tasks of the event loop; without traffic it goes back to where it began."),
    Metric(CONNECTIONS, "gauge", (), "Connections from clients."),
    Metric(UPSTREAM_FAILURES, "counter", ("server", "reason"), "Calls that the server behind us failed."),
    Metric(EDGE_REFUSED, "counter", ("reason",), "Requests refused before they were a message."),
    Metric(JOURNAL_RECORDS, "counter", (), "Audit records that found their place."),
    Metric(JOURNAL_QUEUED, "gauge", (), "Audit records that wait to be written."),
    Metric(JOURNAL_STOPS, "gauge", (), "How often the workers' journals have stopped, for want of space, say."),
    Metric(JOURNAL_CHECKPOINTS, "gauge", (), "Signed checkpoints of the workers that run."),
    Metric(JOURNAL_COPIES_FAILED, "gauge", (), "How often checkpoints could not be copied to audit.checkpoints."),
    Metric(JOURNAL_WINDOW, "gauge", (), "The longest that records were written and not synced, of all workers."),
    Metric(JOURNAL_SYNCS, "gauge", (), "Syncs of the audit log to the disk by the workers that run."),
    Metric(JOURNAL_SYNC, "gauge", (), "Seconds that the last sync took; of the slowest worker."),
)

MOST_SERIES = 5000
"""Label combinations kept per name: a peer that finds a way to invent labels must not fill the memory."""

_TOGETHER = 256
"""Durations of a stage that are put into its row at once."""

_ARITY = {metric.name: len(metric.labels) for metric in METRICS if metric.kind == "counter"}


class Meter:
    """The counts of one worker since its start. Not thread-safe: for the event loop alone."""

    __slots__ = ("_counts", "_rows", "_waiting", "_watched")

    def __init__(self) -> None:
        self._counts: dict[str, dict[tuple[str, ...], int]] = {name: {} for name in _ARITY}
        self._rows: dict[str, list[float]] = {}
        self._waiting: defaultdict[str, list[float]] = defaultdict(list)  # durations that are in no row yet
        self._watched: dict[str, Callable[[], float]] = {}

    def observe(self, stage: str, seconds: float) -> None:
        """Add one duration to a stage: one of ``STAGES``, or ``WHOLE``."""
        waiting = self._waiting[stage]
        waiting.append(seconds)
        if len(waiting) >= _TOGETHER:
            self._fold(stage, waiting)

    def count(self, name: str, *labels: str, by: int = 1) -> None:
        """Add ``by`` to a counter of ``METRICS``; labels in the order given there, never a tool's name or user's
        text.
        """
        try:
            self._counts[name][labels] += by
        except KeyError:
            self._first(name, labels, by)

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """Ask ``read`` how many there are, at each export: costs the call path nothing."""
        self._watched[name] = read

    def export(self) -> dict[str, Any]:
        """All of it, for JSON: ``counts`` name -> [[labels, n], …], ``rows`` stage -> buckets and sum, ``gauges``.

        A row is one count per bucket (not cumulative), one for what is slower than all, and the sum in seconds.
        """
        for stage, waiting in self._waiting.items():
            self._fold(stage, waiting)
        return {
            "counts": {name: [[list(k), n] for k, n in series.items()] for name, series in self._counts.items()},
            "rows": {stage: list(row) for stage, row in self._rows.items()},
            "gauges": {name: read() for name, read in self._watched.items()},
        }

    def _fold(self, stage: str, waiting: list[float]) -> None:
        """Put durations into their row: many together cost a fraction of one by one."""
        row = self._rows.setdefault(stage, [0] * (len(BUCKETS) + 1) + [0.0])
        waiting.sort()
        done = 0
        for place, bound in enumerate(BUCKETS):
            upto = bisect_right(waiting, bound, done)
            row[place] += upto - done
            done = upto
        row[len(BUCKETS)] += len(waiting) - done
        row[-1] += sum(waiting)
        waiting.clear()

    def _first(self, name: str, labels: tuple[str, ...], by: int) -> None:
        """A combination not seen before. A mistake here costs a number, never a call: it is logged and not counted."""
        if _ARITY.get(name) != len(labels):
            log.error("no counter %s with %d labels; see gateway/meter.py", name, len(labels))
            return
        series = self._counts[name]
        if len(series) >= MOST_SERIES:
            labels = ("other",) * len(labels)
        series[labels] = series.get(labels, 0) + by
