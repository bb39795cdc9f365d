import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.receivers.datadog import Datadog as Receiver
from tests.receivers.events import event, ids, some
from tests.receivers.serving import Fault

from doorward.configtypes import Plugin, Refused, Secret
from doorward.core.delivery import ALL, LARGEST_EVENT, SinkFault
from doorward.plugins import builder
from doorward.sinks.datadog import LARGEST_REQUEST, MOST_ENTRIES, Datadog
from doorward.sinks.posting import SETTLED

KEY = "0123456789abcdef" * 2
Make = Callable[..., Datadog]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(KEY) as serving:
        yield serving


@pytest.fixture
def datadog(receiver: Receiver) -> Iterator[Make]:
    made: list[Datadog] = []

    def make(**options: Any) -> Datadog:
        url = Secret(f"{receiver.url}/api/v2/logs")
        made.append(Datadog(Datadog.Options(**{"key": Secret(KEY), "url": url, "timeout": 5.0, **options})))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_log_has_what_datadog_reserves(datadog: Make, receiver: Receiver) -> None:
    made = event(1, at=time.time(), severity="high", decision="deny", entities={"US_SSN": 2}, tool_name="naïve")
    assert datadog(tags={"env": "prod", "team": "sec"}, hostname="gate-1").deliver([made]) == ALL
    (log,) = receiver.logs
    assert json.loads(log.pop("message")) == json.loads(made.data)
    assert log == {
        "ddsource": "doorward",
        "ddtags": "env:prod,team:sec",
        "service": "doorward",
        "hostname": "gate-1",
        "status": "error",
        "timestamp": int(made.at * 1000),
        "doorward": {
            "event_id": made.id,
            "kind": "exchange",
            "phase": "outcome",
            "decision": "deny",
            "severity": "high",
            "identity": "agent:sales",
            "mcp_server": "crm",
            "tool_name": "naïve",
            "finding": ["US_SSN"],
        },
    }
    assert receiver.too_old == 0
    assert receiver.requests[0].headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"severity": "critical"}, "critical"),
        ({"severity": "medium"}, "warning"),
        ({"severity": "low"}, "notice"),
        ({}, "info"),
        ({"decision": "error"}, "error"),
        ({"severity": "unheard of"}, "info"),
    ],
)
def test_the_status_is_the_severity(datadog: Make, receiver: Receiver, members: Any, status: str) -> None:
    datadog().deliver([event(1, **members)])
    assert receiver.logs[0]["status"] == status


def test_as_many_as_are_allowed_go_at_once(datadog: Make, receiver: Receiver) -> None:
    sink = datadog()
    assert sink.limits.events == MOST_ENTRIES
    assert sink.deliver(some(MOST_ENTRIES)) == ALL
    assert (len(receiver.logs), len(receiver.requests)) == (MOST_ENTRIES, 1)


def test_a_delivery_whose_escapes_make_it_too_large_goes_in_parts(datadog: Make, receiver: Receiver) -> None:
    data = b'{"a":"' + b"\\" * 190_000 + b'"}'
    events = [event(number, data=data) for number in range(20)]
    assert datadog().deliver(events) == ALL
    assert [log["doorward"]["event_id"] for log in receiver.logs] == [one.id for one in events]
    assert all(len(request.body) <= LARGEST_REQUEST for request in receiver.requests)
    assert len(receiver.requests) > 1
    assert receiver.truncated == 0


def test_a_log_that_would_be_cut_is_never_sent(datadog: Make, receiver: Receiver) -> None:
    worst = event(1, data=b"\x01" * LARGEST_EVENT)  # six bytes for each
    said = datadog().deliver([event(0), worst, event(2)])
    assert said.refused == {1: "larger than the 1 MB that Datadog takes whole"}
    assert [log["doorward"]["event_id"] for log in receiver.logs] == [event(0).id, event(2).id]
    assert datadog().deliver([worst]).refused.keys() == {0}
    assert receiver.truncated == 0


def test_what_is_refused_alone_is_named_and_the_rest_is_taken(datadog: Make, receiver: Receiver) -> None:
    receiver.refuses = lambda one: one["tool_name"] == "bad"
    events = [event(number, tool_name="bad" if number in (2, 7) else "good") for number in range(9)]
    assert datadog().deliver(events).refused == {2: "HTTP 400", 7: "HTTP 400"}
    assert ids(receiver.events) == [one.id for place, one in enumerate(events) if place not in (2, 7)]


def test_where_everything_is_refused_it_is_not_the_events(datadog: Make, receiver: Receiver) -> None:
    receiver.refuses = lambda _: True
    with pytest.raises(SinkFault) as caught:
        datadog().deliver(some(4))
    assert caught.value.wait >= 10


def test_413_goes_in_parts(datadog: Make, receiver: Receiver) -> None:
    receiver._largest = 2000
    assert datadog().deliver(some(8)) == ALL
    assert ids(receiver.events) == [one.id for one in some(8)]


@pytest.mark.parametrize(("status", "wait"), [(408, 0), (429, 0), (500, 0), (503, 0), (301, SETTLED), (404, SETTLED)])
def test_any_other_status_waits(datadog: Make, receiver: Receiver, status: int, wait: float) -> None:
    receiver.next(Fault("status", status))
    sink = datadog()
    with pytest.raises(SinkFault, match=str(status)) as caught:
        sink.deliver(some(2))
    assert caught.value.wait == wait
    assert sink.deliver(some(2)) == ALL


def test_a_wrong_key_is_no_matter_of_the_events(datadog: Make, receiver: Receiver) -> None:
    with pytest.raises(SinkFault, match="403") as caught:
        datadog(key=Secret("other")).deliver(some(2))
    assert caught.value.wait == SETTLED
    assert not receiver.logs


@pytest.mark.parametrize("kind", ["cut", "lost", "half", "hang", "trickle"])
def test_after_a_fault_nothing_is_missing(datadog: Make, receiver: Receiver, kind: str) -> None:
    receiver.fault = lambda _: Fault(kind)
    sink = datadog(timeout=0.2)
    with pytest.raises(SinkFault):
        sink.deliver(some(3))
    receiver.fault = lambda _: None
    assert sink.deliver(some(3)) == ALL
    assert set(ids(receiver.events)) == {one.id for one in some(3)}


def test_as_a_configuration_writes_it(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"key": "env:KEY", "site": "us3.datadoghq.com", "tags": {"env": "prod"}}
    made = builder({"KEY": KEY}, tmp_path)("sinks", Plugin("datadog", spec))
    assert isinstance(made, Datadog)
    assert made._poster._host == "http-intake.logs.us3.datadoghq.com"
    assert KEY not in repr(made) + repr(made.options)


@pytest.mark.parametrize("site", ["", "datadoghq", "evil.com/", "a.com:1", "datadoghq.com\n"])
def test_a_site_is_a_name(site: str) -> None:
    with pytest.raises(Refused, match="site"):
        Datadog(Datadog.Options(key=Secret(KEY), site=site))


def test_a_tag_cannot_hold_what_separates_tags() -> None:
    with pytest.raises(Refused, match="comma"):
        Datadog(Datadog.Options(key=Secret(KEY), tags={"a": "b,c"}))
