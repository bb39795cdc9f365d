"""CloudWatch Logs against a receiver that keeps the limits (tests/delivery/test_aws.py has moto behind it)."""

import json
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.receivers.aws import Amazon, account, error
from tests.receivers.events import event
from tests.receivers.serving import Fault

from doorward.configtypes import Refused
from doorward.core.delivery import ALL, Delivered, Event, SinkFault
from doorward.sinks import cloudwatch
from doorward.sinks.cloudwatch import EXPIRED, TOO_NEW, TOO_OLD, CloudWatch, rejected

DAY = 86400.0


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    with Amazon() as up:
        yield up


def sink(amazon: Amazon, **more: Any) -> CloudWatch:
    options: dict[str, Any] = {"group": "/doorward", "region": "eu-central-1", "endpoint": amazon.url, **more}
    return CloudWatch(CloudWatch.Options(**options))


def now(count: int, **members: Any) -> list[Event]:
    began = time.time() - count
    return [event(number, at=began, **members) for number in range(count)]


def test_each_event_is_a_log_event_at_its_time(amazon: Amazon) -> None:
    events = now(3, tool_name="größe")
    assert sink(amazon).deliver(events) == ALL
    assert amazon.taken == [one.data for one in events]
    asked = json.loads(amazon.requests[0].body)
    assert asked["logGroupName"] == "/doorward"
    assert asked["logStreamName"] == socket.gethostname()
    assert [one["timestamp"] for one in asked["logEvents"]] == [int(one.at * 1000) for one in events]


def test_the_limits_are_within_what_the_service_takes(amazon: Amazon) -> None:
    """A delivery that is as full as ``limits`` lets it be: in count, in bytes, in one event, and in time."""
    made = sink(amazon)
    began = time.time() - DAY
    limits = made.limits
    assert (limits.events, limits.bytes, limits.overhead, limits.sorted) == (10_000, 1_048_576, 26, True)
    assert made.deliver([event(0, at=began + n / 1000, data=b"x" * 78) for n in range(10_000)]) == ALL
    size = limits.bytes // 8 - limits.overhead
    assert made.deliver([event(0, at=began, data="ü".encode() * (size // 2)) for _ in range(8)]) == ALL
    assert made.deliver([event(0, at=began, data=b"x" * limits.event)]) == ALL
    assert made.deliver([event(0, at=began), event(0, at=began + limits.span)]) == ALL
    assert len(amazon.requests) == 4
    assert sink(amazon, events=20).limits.events == 20


def test_what_has_no_time_that_the_service_takes_is_refused(amazon: Amazon) -> None:
    ages = (20 * DAY, 15 * DAY, 8 * DAY, 60, 0)
    said = sink(amazon).deliver([event(0, at=time.time() - age) for age in ages])
    assert said.refused == {0: TOO_OLD, 1: TOO_OLD, 2: EXPIRED}
    assert not said.again
    assert len(amazon.taken) == 2


def test_what_was_made_while_the_clock_was_ahead_is_taken(amazon: Amazon) -> None:
    began = time.time()
    assert sink(amazon).deliver([event(0, at=began - 9), event(1, at=began + DAY), event(2, at=began + DAY)]) == ALL
    assert json.loads(amazon.taken[1])["event_id"] == event(1).id
    times = [one["timestamp"] for one in json.loads(amazon.requests[0].body)["logEvents"]]
    assert times == sorted(times)
    assert began * 1000 - 1 <= times[-1] <= time.time() * 1000


def test_while_the_clock_is_ahead_nothing_is_refused_for_good(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event(0, at=time.time() + 3 * 3600)]
    made = sink(amazon)
    with monkeypatch.context() as ahead:
        ahead.setattr(cloudwatch, "time", SimpleNamespace(time=lambda: events[0].at))
        assert made.deliver(events) == Delivered(again={0: TOO_NEW})
    assert made.deliver(events) == ALL


@pytest.mark.parametrize(
    ("info", "refused"),
    [
        ({}, {}),
        ({"tooOldLogEventEndIndex": 9}, dict.fromkeys(range(3), TOO_OLD)),
        ({"tooNewLogEventStartIndex": 0}, dict.fromkeys(range(3), TOO_NEW)),
        ({"tooNewLogEventStartIndex": 3}, {}),
        ({"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}, {0: TOO_OLD, 1: EXPIRED}),
        ({"tooOldLogEventEndIndex": 0, "expiredLogEventEndIndex": 0}, {}),
    ],
)
def test_indices_as_the_service_counts_them(info: dict[str, int], refused: dict[int, str]) -> None:
    said = rejected({"rejectedLogEventsInfo": info}, 3)
    assert {**said.refused, **said.again} == refused
    assert set(said.again.values()) <= {TOO_NEW}


def test_group_and_stream_are_made_where_asked(amazon: Amazon) -> None:
    amazon.missing = True
    events = now(2)
    assert sink(amazon, create=True, stream="edge-1").deliver(events) == ALL
    assert [one.headers["x-amz-target"].partition(".")[2] for one in amazon.requests] == [
        "PutLogEvents",
        "CreateLogGroup",
        "CreateLogStream",
        "PutLogEvents",
    ]
    assert len(amazon.taken) == 2


def test_what_others_made_at_the_same_time_is_used(amazon: Amazon) -> None:
    amazon.missing = True
    exists = Fault("status", 400, {}, error("ResourceAlreadyExistsException").said)
    amazon.next(None, exists, None, None)
    assert sink(amazon, create=True).deliver(now(1)) == ALL


@pytest.mark.parametrize("code", ["AccessDeniedException", "OperationAbortedException", "ThrottlingException"])
def test_what_cannot_be_made_is_a_fault(code: str, amazon: Amazon) -> None:
    amazon.missing = True
    amazon.next(None, Fault("status", 400, {}, error(code).said))
    with pytest.raises(SinkFault, match=code):
        sink(amazon, create=True).deliver(now(1))


def test_nothing_is_made_unasked(amazon: Amazon) -> None:
    amazon.missing = True
    with pytest.raises(SinkFault, match="create: true"):
        sink(amazon).deliver(now(1))
    assert len(amazon.requests) == 1


def test_an_answer_that_breaks_off_is_none(amazon: Amazon) -> None:
    """botocore takes it for success, and what was rejected would be lost."""
    amazon.next(Fault("half"))
    with pytest.raises(SinkFault, match="not whole"):
        sink(amazon).deliver(now(1))


def test_an_event_that_makes_the_service_refuse_all_is_found(amazon: Amazon) -> None:
    events = now(9)
    amazon.unacceptable = lambda message: message == events[4].data
    assert set(sink(amazon).deliver(events).refused) == {4}
    assert len(amazon.taken) == 8


def test_a_host_whose_name_no_stream_may_have(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a:b*c d")
    assert repr(sink(amazon)) == "CloudWatch(/doorward, a-b-c-d)"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"group": ""}, "group"),
        ({"group": "a b"}, "group"),
        ({"group": "x" * 513}, "group"),
        ({"stream": "a:b"}, "stream"),
        ({"stream": "a\nb"}, "stream"),
        ({"stream": "x" * 513}, "stream"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        CloudWatch(CloudWatch.Options(**{"group": "g", "region": "eu-central-1", **wrong}))
