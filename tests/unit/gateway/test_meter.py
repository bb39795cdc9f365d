import json
import logging
import re
from pathlib import Path

import pytest

from doorward.gateway import meter
from doorward.gateway.meter import BUCKETS, CALLS, CONNECTIONS, IN_FLIGHT, JOURNAL_RECORDS, METRICS, MOST_SERIES, Meter


def test_a_duration_falls_into_the_first_bucket_that_holds_it() -> None:
    counted = Meter()
    for seconds in (0.0, 0.0001, 0.00011, 10.0, 10.1):
        counted.observe("read", seconds)
    row = counted.export()["rows"]["read"]
    assert len(row) == len(BUCKETS) + 2
    assert row[0] == 2  # 0 and exactly 0.1 ms: bounds are inclusive
    assert row[1] == 1
    assert row[len(BUCKETS) - 1] == 1
    assert row[len(BUCKETS)] == 1
    assert row[-1] == pytest.approx(20.10021)


def test_a_row_is_the_same_however_many_durations_come_between_two_exports() -> None:
    often, once = Meter(), Meter()
    durations = [0.00007 * (number % 53) ** 3 for number in range(1000)]
    for seconds in durations:
        often.observe("read", seconds)
        often.export()
        once.observe("read", seconds)
    *counts, total = once.export()["rows"]["read"]
    assert counts == often.export()["rows"]["read"][:-1]
    assert sum(counts) == len(durations)
    assert total == pytest.approx(sum(durations))
    assert often.export()["rows"]["read"][-1] == pytest.approx(total)


def test_counts_are_kept_by_labels() -> None:
    counted = Meter()
    for decision in ("allow", "deny", "allow"):
        counted.count(CALLS, "crm", "tools/call", decision, "")
    assert counted.export()["counts"][CALLS] == [
        [["crm", "tools/call", "allow", ""], 2],
        [["crm", "tools/call", "deny", ""], 1],
    ]


def test_gauges_are_read_at_each_export() -> None:
    counted = Meter()
    open_now = [1.0]
    counted.watch(CONNECTIONS, lambda: open_now[0])
    counted.watch(IN_FLIGHT, lambda: 3)
    assert counted.export()["gauges"] == {CONNECTIONS: 1.0, IN_FLIGHT: 3}
    open_now[0] = 2.0
    assert counted.export()["gauges"] == {CONNECTIONS: 2.0, IN_FLIGHT: 3}


def test_an_export_is_json_and_does_not_change_later() -> None:
    counted = Meter()
    counted.count(JOURNAL_RECORDS)
    counted.observe("read", 1.0)
    before = counted.export()
    text = json.dumps(before)
    counted.count(JOURNAL_RECORDS)
    counted.observe("read", 1.0)
    assert json.dumps(before) == text


@pytest.mark.parametrize(("name", "labels"), [("doorward_unknown_total", ()), (CALLS, ("crm",)), (IN_FLIGHT, ())])
def test_a_wrong_count_is_logged_and_breaks_nothing(
    name: str, labels: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    counted = Meter()
    with caplog.at_level(logging.ERROR):
        counted.count(name, *labels)
    assert name in caplog.text
    assert not any(counted.export()["counts"].values())


def test_endless_labels_end_in_one_series() -> None:
    counted = Meter()
    for number in range(MOST_SERIES + 10):
        counted.count(meter.EDGE_REFUSED, str(number))
    series = counted.export()["counts"][meter.EDGE_REFUSED]
    assert len(series) == MOST_SERIES + 1
    assert series[-1] == [["other"], 10]


def test_what_the_source_times_is_a_stage_of_the_table() -> None:
    """Another one would be kept and never shown."""
    source = Path(meter.__file__).parents[1]
    text = "".join(path.read_text(encoding="utf-8") for path in source.glob("gateway/*.py"))
    timed = set(re.findall(r'\.observe\(\s*"(\w+)"', text))
    assert "journal" in timed
    assert timed <= {*meter.STAGES, meter.WHOLE}


def test_what_the_source_counts_has_a_name_in_the_table() -> None:
    """A misspelt name would only be logged, so it is looked for here."""
    source = Path(meter.__file__).parents[1]
    known = {metric.name for metric in METRICS}
    for path in (*source.glob("gateway/*.py"), *source.glob("bootstrap/*.py")):
        for word in path.read_text(encoding="utf-8").split('"'):
            if word.startswith("doorward_") and "{" not in word:
                assert word in known, f"{path.name}: {word}"
