"""What a PromQL expression asks for, as far as it can be seen from outside: metrics, matchers, labels."""

import re
from collections.abc import Iterator, Mapping

from doorward.gateway.meter import METRICS
from doorward.supervisor.exposition import OURS, SHIPPING, SINKS

TARGET = frozenset({"instance", "job"})
"""Labels that Prometheus adds to everything."""

_KIND = {metric.name: metric.kind for metric in METRICS}
_OWN = {name: frozenset[str]() for name in (*OURS, *SHIPPING)} | {"doorward_worker_up": frozenset({"worker"})}

EXPORTED: Mapping[str, frozenset[str]] = (
    {metric.name: frozenset(metric.labels) for metric in METRICS} | _OWN | {name: frozenset({"sink"}) for name in SINKS}
)
"""Every metric that the gateway exports, with its labels."""

_SELECTOR = re.compile(r"\b(doorward_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


def labels_of(series: str) -> tuple[str, frozenset[str]]:
    """The metric that a series belongs to, and its labels. Raises KeyError for one that nobody exports."""
    if series == "up":
        return series, TARGET
    if series in EXPORTED and _KIND.get(series) != "histogram":
        return series, EXPORTED[series] | TARGET
    metric, _, part = series.rpartition("_")
    if part not in ("bucket", "sum", "count") or _KIND.get(metric) != "histogram":
        raise KeyError(series)
    return metric, EXPORTED[metric] | TARGET | ({"le"} if part == "bucket" else set())


def selectors(expression: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each series that is asked for, with the matchers: label and value."""
    for found in _SELECTOR.finditer(expression):
        yield found[1], [(label, value) for label, _, value in _MATCHER.findall(found[2] or "")]


def grouped(expression: str) -> set[str]:
    """The labels that the expression groups by."""
    return {label.strip() for found in _GROUPING.findall(expression) for label in found.split(",") if label.strip()}
