import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.receivers.events import AT, event, ids, some
from tests.receivers.serving import Fault, Request
from tests.receivers.splunk import Splunk as Receiver

from doorward.configtypes import Plugin, Refused, Secret
from doorward.core.delivery import ALL, SinkFault
from doorward.plugins import builder
from doorward.sinks.posting import SETTLED
from doorward.sinks.splunk import MOST_NAMED, Splunk

TOKEN = "11111111-2222-3333-" + "4444-555555555555"
Make = Callable[..., Splunk]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(TOKEN) as serving:
        yield serving


@pytest.fixture
def splunk(receiver: Receiver) -> Iterator[Make]:
    made: list[Splunk] = []

    def make(**options: Any) -> Splunk:
        options = {"url": Secret(receiver.url), "token": Secret(TOKEN), "timeout": 5.0, **options}
        made.append(Splunk(Splunk.Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_events_arrive_with_what_splunk_wants_to_know(splunk: Make, receiver: Receiver) -> None:
    sink = splunk(index="main", host="gate-1")
    made = event(1, entities={"US_SSN": 2, "EMAIL": 1}, tool_name="naïve")
    assert sink.deliver([made]) == ALL
    (one,) = receiver.indexed
    assert one == {
        "time": pytest.approx(AT + 1, abs=0.001),
        "host": "gate-1",
        "source": "doorward",
        "sourcetype": "doorward:native",
        "index": "main",
        "event": json.loads(made.data),
        "fields": {
            "doorward_event_id": made.id,
            "doorward_kind": "exchange",
            "doorward_phase": "outcome",
            "doorward_decision": "allow",
            "doorward_identity": "agent:sales",
            "doorward_mcp_server": "crm",
            "doorward_tool_name": "naïve",
            "doorward_finding": ["EMAIL", "US_SSN"],
        },
    }


def test_one_request_holds_many_in_their_order(splunk: Make, receiver: Receiver) -> None:
    events = some(50)
    assert splunk(gzip=False).deliver(events) == ALL
    assert ids(receiver.events) == [one.id for one in events]
    assert [request.path for request in receiver.requests] == ["/services/collector/event", "/services/collector/ack"]


def test_what_is_no_json_is_sent_as_text(splunk: Make, receiver: Receiver) -> None:
    line = 'CEF:0|Doorward|Doorward|1|x|"quoted"|3|act=allow'
    splunk(format="cef").deliver([event(1, data=line.encode())])
    assert receiver.events == [line]
    assert receiver.indexed[0]["sourcetype"] == "doorward:cef"


def test_it_has_ended_when_the_indexers_have_it(splunk: Make, receiver: Receiver) -> None:
    receiver.looks = 3
    assert splunk().deliver(some(2)) == ALL
    assert [json.loads(request.body) for request in receiver.requests[1:]] == [{"acks": [0]}] * 3
    assert len({request.headers["x-splunk-request-channel"] for request in receiver.requests}) == 1


def test_without_an_acknowledgement_it_is_sent_again(splunk: Make, receiver: Receiver) -> None:
    receiver.looks = 1000
    sink = splunk(ack_within=0.15)
    with pytest.raises(SinkFault, match="not acknowledged"):
        sink.deliver(some(2))
    receiver.looks = 1
    assert sink.deliver(some(2)) == ALL


def test_an_acknowledgement_that_is_lost_is_never_told_again(splunk: Make, receiver: Receiver) -> None:
    receiver.next(None, Fault("half"))
    sink = splunk()
    with pytest.raises(SinkFault):
        sink.deliver(some(2))
    assert sink.deliver(some(2)) == ALL
    assert ids(receiver.events) == [one.id for one in some(2)] * 2


def test_without_ack_no_channel_is_named(splunk: Make, receiver: Receiver) -> None:
    receiver.ack = False
    assert splunk(ack=False).deliver(some(2)) == ALL
    assert "x-splunk-request-channel" not in receiver.requests[0].headers
    assert len(receiver.requests) == 1


def test_a_token_that_acknowledges_otherwise_is_said(splunk: Make, receiver: Receiver) -> None:
    with pytest.raises(SinkFault, match="set ack to true") as caught:
        splunk(ack=False).deliver(some(1))
    assert caught.value.wait == SETTLED
    receiver.ack = False
    with pytest.raises(SinkFault, match="no acknowledgement"):
        splunk().deliver(some(1))


def test_a_large_delivery_goes_in_several_requests_whose_acknowledgements_are_waited_for_together(
    splunk: Make, receiver: Receiver
) -> None:
    """An indexer takes seconds to have something, however much it is."""
    receiver.looks = 3
    sink = splunk()
    events = some(20, detail="x" * 200_000)
    assert sum(len(one.data) + sink.limits.overhead for one in events) <= sink.limits.bytes
    assert sink.deliver(events) == ALL
    assert ids(receiver.events) == [one.id for one in events]
    asked = [json.loads(each.body)["acks"] for each in receiver.requests if each.path.endswith("/ack")]
    assert asked == [[0, 1, 2, 3, 4]] * 3


def test_what_was_taken_before_a_fault_is_not_sent_again(splunk: Make, receiver: Receiver) -> None:
    busy = Fault("status", 503, {"Retry-After": "9"}, {"text": "Server is busy", "code": 9})
    receiver.next(None, None, busy)
    sink, events = splunk(), some(20, detail="x" * 200_000)
    said = sink.deliver(events)
    assert said.again == dict.fromkeys(range(8, 20), "HTTP 503")
    assert sink.deliver(events[8:]) == ALL
    assert ids(receiver.events) == [one.id for one in events]
    receiver.next(busy)
    with pytest.raises(SinkFault) as caught:
        sink.deliver(events)
    assert caught.value.wait == 9


def test_an_event_that_is_named_is_refused_and_the_rest_is_taken(splunk: Make, receiver: Receiver) -> None:
    receiver.refuses = lambda one: one["tool_name"] == "bad"
    events = [event(number, tool_name="bad" if number in (2, 7) else "good") for number in range(9)]
    assert splunk().deliver(events).refused == {2: "code 6", 7: "code 6"}
    assert ids(receiver.events)[-7:] == [one.id for place, one in enumerate(events) if place not in (2, 7)]


def test_a_number_that_names_a_neighbour_costs_no_event(splunk: Make, receiver: Receiver) -> None:
    receiver._first = 1
    receiver.refuses = lambda one: one["tool_name"] == "bad"
    events = [event(number, tool_name="bad" if number == 2 else "good") for number in range(6)]
    assert splunk().deliver(events).refused == {2: "code 6"}
    assert set(ids(receiver.events)) == {one.id for place, one in enumerate(events) if place != 2}


def test_many_bad_ones_are_found_too(splunk: Make, receiver: Receiver) -> None:
    receiver.refuses = lambda one: one["tool_name"] == "bad"
    bad = {number for number in range(120) if number % 5 == 0} | {60, 61, 62, 63}
    events = [event(number, tool_name="bad" if number in bad else "good") for number in range(120)]
    assert splunk().deliver(events).refused.keys() == bad
    assert set(ids(receiver.events)) == {one.id for place, one in enumerate(events) if place not in bad}


@pytest.mark.parametrize("count", [1, 2, MOST_NAMED + 5])
def test_a_delivery_of_which_none_is_taken_is_refused_where_an_earlier_one_still_is(
    splunk: Make, receiver: Receiver, count: int
) -> None:
    sink = splunk()
    sink.deliver([event(99)])
    receiver.refuses = lambda one: one["tool_name"] == "bad"
    assert sink.deliver(some(count, tool_name="bad")).refused == dict.fromkeys(range(count), "code 6")
    assert ids(receiver.events) == [event(99).id] * 2
    receiver.refuses = lambda _: True
    with pytest.raises(SinkFault, match="refused whatever it holds"):
        sink.deliver(some(count, tool_name="bad"))


@pytest.mark.parametrize("count", [1, 3, MOST_NAMED + 5, 200])
def test_where_everything_is_refused_it_is_not_the_events(splunk: Make, receiver: Receiver, count: int) -> None:
    receiver.refuses = lambda _: True
    with pytest.raises(SinkFault, match="refuse") as caught:
        splunk().deliver(some(count))
    assert caught.value.wait >= 10
    assert len(receiver.requests) < 41 * 2 * MOST_NAMED


def test_too_much_at_once_goes_in_parts(splunk: Make, receiver: Receiver) -> None:
    receiver._largest = 2000
    assert splunk().deliver(some(8)) == ALL
    assert ids(receiver.events) == [one.id for one in some(8)]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"token": Secret("other")}, "code 4: the token is unknown"),
        ({"index": "elsewhere"}, "code 7: the token may not write to this index"),
    ],
)
def test_what_an_operator_must_mend_waits(splunk: Make, receiver: Receiver, options: Any, what: str) -> None:
    with pytest.raises(SinkFault, match=what) as caught:
        splunk(**options).deliver(some(2))
    assert caught.value.wait == SETTLED
    assert not receiver.indexed


@pytest.mark.parametrize(
    ("fault", "what", "wait"),
    [
        (Fault("status", 503, {"Retry-After": "9"}, {"text": "Server is busy", "code": 9}), "503", 9),
        (Fault("status", 503, {}, {"text": "Server is busy", "code": 9, "invalid-event-number": 2}), "503", 0),
        (Fault("status", 500, {}, {"text": "Internal server error", "code": 8}), "500", 0),
        (Fault("status", 429, {}, {"text": "HEC queue is at capacity", "code": 26}), "429", 0),
        (Fault("status", 200, {}, {"text": "Incorrect index", "code": 7}), "index", SETTLED),
        (Fault("status", 200, {}, "a page of a proxy"), "without success", SETTLED),
        (Fault("status", 200, {}, {"text": "Success", "code": 0}), "no ackId", SETTLED),
        (Fault("status", 302, {"Location": "/login"}), "302", SETTLED),
        (Fault("status", 403), "403", SETTLED),
    ],
)
def test_nothing_counts_but_success(splunk: Make, receiver: Receiver, fault: Fault, what: str, wait: float) -> None:
    receiver.next(fault)
    sink = splunk()
    with pytest.raises(SinkFault, match=what) as caught:
        sink.deliver(some(3))
    assert caught.value.wait == wait
    assert sink.deliver(some(3)) == ALL


def test_a_warning_about_health_is_success(splunk: Make, receiver: Receiver) -> None:
    receiver.next(Fault("status", 200, {}, {"text": "Queue is approaching capacity", "code": 24, "ackId": 0}), None)
    sink = splunk(ack=False)
    assert sink.deliver(some(1)) == ALL


@pytest.mark.parametrize("kind", ["cut", "lost", "half", "hang", "trickle"])
@pytest.mark.parametrize("path", ["/services/collector/event", "/services/collector/ack"])
def test_after_a_fault_nothing_is_missing(splunk: Make, receiver: Receiver, kind: str, path: str) -> None:
    def choose(request: Request) -> Fault | None:
        return Fault(kind) if request.path == path else None

    receiver.fault = choose
    sink = splunk(timeout=0.2)
    with pytest.raises(SinkFault):
        sink.deliver(some(3))
    receiver.fault = lambda _: None
    assert sink.deliver(some(3)) == ALL
    assert set(ids(receiver.events)) == {one.id for one in some(3)}


def test_an_acknowledgement_that_nobody_asked_for_is_not_that_of_a_later_delivery(
    splunk: Make, receiver: Receiver
) -> None:
    """Two collectors behind one address, each with its own numbers: the second is asked in the place of the first."""
    sink = splunk(ack_within=0.3)
    receiver.next(Fault("lost"))  # taken as number 0, and the answer is lost
    with pytest.raises(SinkFault):
        sink.deliver(some(1))
    other = {"text": "Success", "code": 0, "ackId": 0}
    receiver.next(Fault("status", 200, {}, other))  # by a collector that dies of it
    with pytest.raises(SinkFault, match="not acknowledged"):
        sink.deliver([event(7)])
    assert sink.deliver([event(7)]) == ALL
    assert ids(receiver.events)[-1] == event(7).id


def test_closing_ends_the_wait_for_an_acknowledgement(splunk: Make, receiver: Receiver) -> None:
    receiver.looks = 10_000
    sink = splunk()
    closing = Thread(target=lambda: (receiver.wait_for(lambda: len(receiver.requests) > 3), sink.close()))
    closing.start()
    with pytest.raises(SinkFault):
        sink.deliver(some(1))
    closing.join()


def test_as_a_configuration_writes_it(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"url": "https://splunk.example.com:8088", "token": "env:TOKEN", "ack_within": "5m"}
    made = builder({"TOKEN": TOKEN}, tmp_path)("sinks", Plugin("splunk", spec))
    assert isinstance(made, Splunk)
    assert made.options.ack_within == 300
    assert TOKEN not in repr(made) + repr(made.options)


def test_the_address_is_that_of_the_collector_alone() -> None:
    with pytest.raises(Refused, match="path"):
        Splunk(Splunk.Options(url=Secret("https://x.example.com/services/collector"), token=Secret(TOKEN)))
