import re
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from doorward.gateway.meter import CALLS, IN_FLIGHT, JOURNAL_RECORDS, METRICS, WHOLE, Meter
from doorward.shipping.status import Status
from doorward.supervisor.exposition import OURS, SHIPPING, SINKS, Shipping, View, render
from doorward.supervisor.totals import combined

DOCS = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


def samples(meter: Meter, **view: object) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    shown = {"up": {0: True, 1: False}, "restarts": 3, "version": 7, "reload_failed": True} | view
    text = render(View(total=combined([meter.export()]), **shown)).decode()  # type: ignore[arg-type]
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_and_gauges_are_shown() -> None:
    meter = Meter()
    meter.count(CALLS, "crm", "tools/call", "deny", "policy.denied")
    meter.watch(IN_FLIGHT, lambda: 2)
    shown = samples(meter)
    labels = (("decision", "deny"), ("method", "tools/call"), ("reason", "policy.denied"), ("server", "crm"))
    assert shown[(CALLS, labels)] == 1
    assert shown[(IN_FLIGHT, ())] == 2
    assert shown[(JOURNAL_RECORDS, ())] == 0  # from the start, so that a rate can be taken


def test_histograms_are_cumulative() -> None:
    meter = Meter()
    for seconds in (0.00005, 0.0002, 99.0):
        meter.observe("journal", seconds)
        meter.observe(WHOLE, seconds)
    shown = samples(meter)
    for name, labels in (("gateway", (("stage", "journal"),)), ("whole", ()), ("journal", ())):
        at = {
            bound: shown[(f"doorward_{name}_seconds_bucket", (("le", bound), *labels))]
            for bound in ("0.0001", "0.00025", "10.0", "+Inf")
        }
        assert at == {"0.0001": 1, "0.00025": 2, "10.0": 2, "+Inf": 3}
        assert shown[(f"doorward_{name}_seconds_count", labels)] == 3
        assert round(shown[(f"doorward_{name}_seconds_sum", labels)], 5) == 99.00025


def test_the_supervisor_shows_its_own() -> None:
    shown = samples(Meter())
    assert shown[("doorward_worker_up", (("worker", "0"),))] == 1
    assert shown[("doorward_worker_up", (("worker", "1"),))] == 0
    assert shown[("doorward_worker_restarts_total", ())] == 3
    assert shown[("doorward_config_version", ())] == 7
    assert shown[("doorward_config_reload_failed", ())] == 1
    assert samples(Meter(), reload_failed=False)[("doorward_config_reload_failed", ())] == 0


def test_sinks_are_shown_where_there_are_some() -> None:
    about = {"name": "siem", "up": False, "since": 5.0, "delivered": 7, "repeated": 2, "dead": 1, "damaged": 6}
    about |= {"waiting_bytes": 4096, "waiting_seconds": 1.5, "acknowledged": 9.5, "rate": 3.0, "fill": 0.25}
    about |= {"unsaved": True}
    shown = samples(Meter(), shipping=Shipping(True, 2, [about]))
    assert shown[("doorward_shipper_up", ())] == 1
    assert shown[("doorward_shipper_restarts_total", ())] == 2
    of_it = {name: shown[(name, (("sink", "siem"),))] for name in SINKS}
    assert list(of_it.values()) == [0, 7, 2, 1, 6, 4096, 1.5, 9.5, 3, 1, 0.25]
    assert not any(name.startswith(("doorward_sink", "doorward_shipper")) for name, _ in samples(Meter()))


def test_of_a_sink_that_has_not_begun_no_count_is_shown() -> None:
    """A count that falls to 0 and comes back would be an increase: of dead letters, that is an alert."""
    about = msgspec.to_builtins(Status(name="siem", use="splunk", last_error="another shipper works on it"))
    shown = samples(Meter(), shipping=Shipping(True, 0, [about]))
    assert [name for name, _ in shown if name.startswith("doorward_sink")] == [
        "doorward_sink_up",
        "doorward_sink_waiting_bytes",
    ]


def test_hostile_labels_cannot_forge_a_series() -> None:
    meter = Meter()
    meter.count(CALLS, 'x"} 1\ndoorward_config_version 99\n#', "a\\", "", "")
    assert samples(meter)[("doorward_config_version", ())] == 7


def test_every_metric_has_its_heading_in_the_docs_and_no_heading_is_without_a_metric() -> None:
    headings = set(re.findall(r"^### `(doorward_\w+)", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert headings == {metric.name for metric in METRICS} | set(OURS) | set(SHIPPING) | set(SINKS)


def test_the_docs_name_each_metrics_labels() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for metric in METRICS:
        if metric.labels:
            assert f"### `{metric.name}{{{', '.join(metric.labels)}}}`" in text
