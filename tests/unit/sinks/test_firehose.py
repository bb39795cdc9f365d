"""Firehose against a receiver that keeps the published limits (tests/delivery/test_aws.py has moto behind it)."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from threading import enumerate as threads
from typing import Any

import pytest
from tests.garbage import most_memory, uncollected
from tests.receivers.aws import Amazon, account, error
from tests.receivers.events import event, some
from tests.receivers.serving import Fault
from tests.waiting import until_here

from doorward.configtypes import Duration, Refused
from doorward.core.delivery import ALL, SinkFault
from doorward.sinks.bounded import MOST_LEFT
from doorward.sinks.firehose import Firehose, failed


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    with Amazon() as up:
        yield up


def sink(amazon: Amazon, **more: Any) -> Firehose:
    options: dict[str, Any] = {"stream": "doorward", "region": "eu-central-1", "endpoint": amazon.url, **more}
    return Firehose(Firehose.Options(**options))


def refused(said: str = "ThrottlingException", status: int = 400, **headers: str) -> Fault:
    return Fault("status", status, headers, error(said).said)


def test_each_event_is_a_record_with_a_line_end(amazon: Amazon) -> None:
    events = some(3)
    assert sink(amazon).deliver(events) == ALL
    assert amazon.taken == [one.data + b"\n" for one in events]


def test_the_limits_are_within_what_the_service_takes(amazon: Amazon) -> None:
    """A delivery that is as full as ``limits`` lets it be, in count and in bytes, and the largest event."""
    made = sink(amazon)
    assert made.limits.events == 500
    assert made.deliver(some(500)) == ALL
    largest = (made.limits.bytes // 16) - made.limits.overhead
    assert largest <= made.limits.event
    assert made.deliver([event(n, data=b"x" * largest) for n in range(16)]) == ALL
    assert made.deliver([event(1, data=b"x" * made.limits.event)]) == ALL
    assert len(amazon.taken) == 517
    assert sink(amazon, events=20).limits.events == 20
    assert sink(amazon, events=501).limits.events == 500


def test_clients_have_the_descriptions_of_services_in_common(amazon: Amazon) -> None:
    """They take 9 MiB, and there is a new client after each that hung."""
    made = sink(amazon)
    loaders = [made._aws._new_session()._session.get_component("data_loader") for _ in range(5)]
    assert all(loader is loaders[0] for loader in loaders)
    assert len(loaders[0].search_paths) == len(set(loaders[0].search_paths))


def test_only_what_failed_comes_again(amazon: Amazon) -> None:
    events = some(5)
    amazon.fails = lambda record: record[:-1] in (events[1].data, events[3].data)
    said = sink(amazon).deliver(events)
    assert said.again == dict.fromkeys((1, 3), "not taken: ServiceUnavailableException")
    assert not said.refused
    assert len(amazon.taken) == 3


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedPutCount": 1, "RequestResponses": [{"RecordId": "1"}]},
        {"FailedPutCount": 1, "RequestResponses": [{"RecordId": "1"}, {"RecordId": "2"}]},
        {"FailedPutCount": 1},
        {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "1"}]},
        {},
    ],
)
def test_an_answer_that_does_not_say_which_is_no_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(SinkFault, match="which records"):
        failed(answer, 2)


def test_throttling_waits(amazon: Amazon) -> None:
    made = sink(amazon)
    amazon.next(refused(), refused("ServiceUnavailableException", 503, **{"Retry-After": "7"}))
    waits = []
    for _ in range(2):
        with pytest.raises(SinkFault) as caught:
            made.deliver(some(1))
        waits.append(caught.value.wait)
    assert waits == [1.0, 7.0]
    assert made.deliver(some(1)) == ALL


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ExpiredTokenException"])
def test_what_is_about_us_refuses_no_event_and_says_nothing_of_the_account(code: str, amazon: Amazon) -> None:
    amazon.fault = lambda _: refused(code)
    with pytest.raises(SinkFault) as caught:
        sink(amazon).deliver(some(2))
    assert str(caught.value) == f"{code} (HTTP 400)"
    assert caught.value.wait >= 30
    assert len(amazon.requests) == 1  # botocore's own repetitions are off


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("hang", "no answer in time"),
        ("cut", "the connection ended"),
        ("lost", "the connection ended"),
        ("half", "not whole"),
        ("trickle", "no answer in time"),
    ],
)
def test_without_an_answer_all_comes_again(kind: str, why: str, amazon: Amazon) -> None:
    made = sink(amazon, timeout=Duration(0.5) if kind in ("hang", "trickle") else Duration(10))
    amazon.next(Fault(kind))
    with pytest.raises(SinkFault, match=why):
        made.deliver(some(2))
    until_here(lambda: len(amazon.requests) == 1)  # a busy machine gives up before it has asked, and asks later
    amazon.cut()
    assert sink(amazon).deliver(some(2)) == ALL
    assert amazon.taken[-2:] == [one.data + b"\n" for one in some(2)]


@pytest.mark.parametrize("kind", ["flood", "unbounded"])
def test_of_an_answer_without_an_end_little_is_kept(kind: str, amazon: Amazon) -> None:
    made = sink(amazon, timeout=Duration(5))
    made.deliver(some(1))  # the library itself is in memory then
    amazon.next(Fault(kind))
    with most_memory() as most, pytest.raises(SinkFault, match=r"no end|within the answer"):
        made.deliver(some(2))
    assert most() < 8 << 20
    assert made.deliver(some(2)) == ALL


def test_who_was_left_behind_with_an_answer_without_an_end_ends(amazon: Amazon) -> None:
    made = sink(amazon, timeout=Duration(0.3))
    amazon.fault = lambda _: Fault("trickle")
    for _ in range(MOST_LEFT + 1):
        with pytest.raises(SinkFault, match=r"no answer in time|no end"):
            made.deliver(some(2))
        until_here(lambda: not any(thread.name == "doorward-firehose" for thread in threads()))
    amazon.fault = lambda _: None
    assert sink(amazon).deliver(some(2)) == ALL


@pytest.mark.parametrize("fault", [Fault("cut"), Fault("half"), refused(), refused("InvalidArgumentException"), None])
def test_what_failed_to_be_sent_is_not_left_to_the_garbage_collector(fault: Fault | None, amazon: Amazon) -> None:
    """botocore and urllib3 keep exceptions in the frames through which they went, and those hold the request."""
    made = sink(amazon)
    made.deliver(some(1))
    amazon.fault = lambda _: fault
    if fault is None:
        amazon.down()
    with uncollected() as found:
        for _ in range(2):
            with suppress(SinkFault):
                made.deliver(some(2))
    assert not found


def test_nobody_there(amazon: Amazon) -> None:
    made = sink(amazon)
    amazon.down()
    with pytest.raises(SinkFault, match="no connection"):
        made.deliver(some(1))
    amazon.up()
    assert made.deliver(some(1)) == ALL


def test_an_event_that_makes_the_service_refuse_all_is_found(amazon: Amazon) -> None:
    events = some(20)
    amazon.unacceptable = lambda record: record[:-1] in (events[0].data, events[13].data)
    said = sink(amazon).deliver(events)
    assert set(said.refused) == {0, 13}
    assert not said.again
    assert amazon.taken == [one.data + b"\n" for place, one in enumerate(events) if place not in (0, 13)]


def test_a_service_that_refuses_everything_is_not_believed(amazon: Amazon) -> None:
    amazon.unacceptable = lambda _: True
    made = sink(amazon)
    with pytest.raises(SinkFault, match="refused whatever it holds"):
        made.deliver(some(500))
    assert len(amazon.requests) < 50


def test_closed_from_another_thread_a_delivery_ends(amazon: Amazon) -> None:
    made = sink(amazon)

    def close(_: Any) -> Fault:
        made.close()
        return Fault("hang")

    amazon.fault = close
    with pytest.raises(SinkFault, match="closed"):
        made.deliver(some(1))
    with pytest.raises(SinkFault, match="closed"):
        made.deliver(some(1))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"stream": "a/b"}, "stream"),
        ({"stream": ""}, "stream"),
        ({"region": "Frankfurt!"}, "region"),
        ({"role": "doorward"}, "role"),
        ({"role": "", "external_id": "ab"}, "external_id"),
        ({"session": "a"}, "session"),
        ({"session": ""}, "session"),
        ({"endpoint": "http://firehose.example.com"}, "neither https"),
        ({"role_endpoint": "http://sts.example.com"}, "neither https"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        Firehose(Firehose.Options(**{"stream": "doorward", "region": "eu-central-1", **wrong}))


def test_without_a_region_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refused, match="no region"):
        Firehose(Firehose.Options(stream="doorward"))


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(Refused, match="boto3 is not installed") as caught:
        Firehose(Firehose.Options(stream="doorward", region="eu-central-1"))
    assert "doorward[aws]" in caught.value.remedy


def test_credentials_that_are_not_there_yet(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    made = sink(amazon)
    with pytest.raises(SinkFault, match="no credentials were found"):
        made.deliver(some(1))
    assert not amazon.requests
    account(monkeypatch)
    assert made.deliver(some(1)) == ALL


def test_whoever_debugs_sees_no_answer_of_the_services(amazon: Amazon, caplog: pytest.LogCaptureFixture) -> None:
    """Those of STS are credentials."""
    logging.getLogger("botocore").setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    assert sink(amazon).deliver(some(1)) == ALL
    assert not [said.name for said in caplog.records if said.name.startswith("boto") and said.levelno < logging.INFO]


def test_it_shows_no_more_than_its_stream(amazon: Amazon) -> None:
    assert repr(sink(amazon)) == "Firehose(doorward)"
