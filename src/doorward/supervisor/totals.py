"""Sums of what the workers' meters exported. Pure: dicts in, dicts out."""

from collections.abc import Iterable
from typing import Any

from doorward.gateway.meter import JOURNAL_SYNC, JOURNAL_WINDOW

Export = dict[str, Any]
"""``gateway.meter.Meter.export()``."""


_LARGEST = frozenset({JOURNAL_SYNC, JOURNAL_WINDOW})


class Totals:
    """The sum over workers living and dead, so that a counter never goes back when a worker is replaced."""

    def __init__(self) -> None:
        self._retired: Export = {}

    def retire(self, last: Export) -> None:
        """Keep what a dead worker had counted; its gauges died with it."""
        self._retired = combined((self._retired, {"counts": last.get("counts", {}), "rows": last.get("rows", {})}))

    def over(self, living: Iterable[Export]) -> Export:
        """The sum of all, as one export."""
        return combined((self._retired, *living))


def combined(exports: Iterable[Export]) -> Export:
    """Counts, rows and gauges added name by name; of some gauges the largest counts."""
    counts: dict[str, dict[tuple[str, ...], int]] = {}
    rows: dict[str, list[float]] = {}
    gauges: dict[str, float] = {}
    for export in exports:
        for name, series in export.get("counts", {}).items():
            into = counts.setdefault(name, {})
            for labels, number in series:
                into[tuple(labels)] = into.get(tuple(labels), 0) + number
        for stage, row in export.get("rows", {}).items():
            rows[stage] = [a + b for a, b in zip(rows[stage], row, strict=True)] if stage in rows else list(row)
        for name, value in export.get("gauges", {}).items():
            known = gauges.get(name, 0.0)
            gauges[name] = max(known, value) if name in _LARGEST else known + value
    return {
        "counts": {
            name: [[list(labels), number] for labels, number in series.items()] for name, series in counts.items()
        },
        "rows": rows,
        "gauges": gauges,
    }
