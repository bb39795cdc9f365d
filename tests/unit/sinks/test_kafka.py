"""Kafka's sink against librdkafka's mock cluster, and against a library that answers as told (a broker that refuses
single messages cannot be had in the mock; tests/delivery/test_kafka.py has a real one).
"""

import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.receivers.events import event, some
from tests.receivers.kafka import Mock, ids, partitions

from doorward.configtypes import Duration, Plugin, Refused, Secret
from doorward.core.delivery import ALL, Delivered, SinkFault
from doorward.plugins import builder
from doorward.sinks.kafka import BEHIND, LATE, Kafka, key
from doorward.sinks.kafka_settings import KafkaOptions, settings

PASSWORD = "pass" + "word-1"


def options(**more: Any) -> KafkaOptions:
    return KafkaOptions(**{"brokers": ("127.0.0.1:9092",), "topic": "doorward", "tls": False, **more})


class Error:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


class KafkaException(Exception):
    pass


class Library:
    """In place of confluent_kafka. ``says``: the error of the nth message of a delivery, by its place; ``local``: the
    same where the library itself does not take it; ``fatal``: raised by the first look for reports.
    """

    KafkaException = KafkaException

    def __init__(self) -> None:
        self.says: Callable[[int], str] = lambda _: ""
        self.local: Callable[[int], str] = lambda _: ""
        self.fatal = False
        self.settings: list[Mapping[str, Any]] = []
        self.sent: list[bytes] = []
        self.times: list[int] = []

    def Producer(self, settings: Mapping[str, Any]) -> "Producer":
        if settings["bootstrap.servers"]:  # else it only looks at the settings
            self.settings.append(settings)
        return Producer(self)


class Producer:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._reports: list[Callable[[], None]] = []
        self._waiting: list[Callable[[Any, Any], None]] = []
        self._ended = False
        self._count = 0

    def list_topics(self, topic: str, timeout: float) -> None:
        assert timeout <= 0.5

    def produce(
        self, topic: str, value: bytes, *, timestamp: int, on_delivery: Callable[[Any, Any], None], **_: Any
    ) -> None:
        self._library.times.append(timestamp)
        if local := self._library.local(self._count):
            self._count += 1
            raise BufferError if local == "full" else KafkaException(Error(local))
        said = self._library.says(self._count)
        self._count += 1
        if self._ended or said == "silent":
            self._waiting.append(on_delivery)
            return
        self._ended = bool(said)
        if not said:
            self._library.sent.append(value)
        self._reports.append(lambda: on_delivery(Error(said) if said else None, None))

    def poll(self, seconds: float) -> None:
        if self._library.fatal:
            self._library.fatal = False
            raise KafkaException(Error("_GAPLESS_GUARANTEE"))
        reports, self._reports = self._reports, []
        for report in reports:
            report()

    flush = poll

    def purge(self) -> None:
        for late in self._waiting:
            self._reports.append(lambda late=late: late(Error("_PURGE_QUEUE"), None))


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    monkeypatch.setitem(sys.modules, "confluent_kafka", made)
    return made


def test_through_the_mock_cluster() -> None:
    mock = Mock()
    events = some(100)
    kafka = Kafka(options(brokers=(mock.address,)))
    assert kafka.deliver(events) == ALL
    messages = [one for part in partitions(mock.address, "doorward", 100) for one in part]
    assert ids(messages) == [one.id for one in events]
    assert {one.key() for one in messages} == {b"agent:sales"}
    kafka.close()
    with pytest.raises(SinkFault, match="closed"):
        kafka.deliver(events)


def test_nobody_there_says_so_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    kafka = Kafka(options(brokers=("127.0.0.1:1",), timeout=Duration(0.3)))
    with pytest.raises(SinkFault, match="no acknowledgement in time"):
        kafka.deliver(some(1))
    assert capfd.readouterr() == ("", "")


def test_the_first_failure_ends_the_producer_and_nothing_overtakes(library: Library) -> None:
    library.says = lambda place: "NOT_ENOUGH_REPLICAS" if place == 2 else ""
    kafka = Kafka(options())
    said = kafka.deliver(some(5))
    assert said == Delivered(again=dict.fromkeys((2, 3, 4), "NOT_ENOUGH_REPLICAS"))
    library.says = lambda _: ""
    assert kafka.deliver(some(5)[2:]) == ALL
    assert library.sent == [one.data for one in some(5)]
    assert len(library.settings) == 2


def test_what_was_made_while_the_clock_was_ahead_is_of_now(library: Library) -> None:
    began = time.time()
    assert Kafka(options()).deliver([event(0, at=began - 60), event(0, at=began + 86400)]) == ALL
    first, second = library.times
    assert first == int((began - 60) * 1000)
    assert int(began * 1000) <= second <= time.time() * 1000


def test_a_time_that_a_broker_does_not_take_is_the_events_fault_only_where_it_is_long_ago(library: Library) -> None:
    """While our clock is ahead brokers take nothing at all: that passes."""
    library.says = lambda _: "INVALID_TIMESTAMP"
    young, kafka = event(0, at=time.time() - LATE / 2), Kafka(options())
    for _ in range(3):
        assert kafka.deliver([young]) == Delivered(again={0: "INVALID_TIMESTAMP"})
    assert kafka.deliver([event(0, at=time.time() - 2 * LATE)]) == Delivered(refused={0: "INVALID_TIMESTAMP"})
    library.says = lambda _: ""
    assert kafka.deliver([young]) == ALL


@pytest.mark.parametrize("name", ["MSG_SIZE_TOO_LARGE", "INVALID_RECORD", "RECORD_LIST_TOO_LARGE"])
def test_a_refusal_is_believed_where_the_message_was_alone(name: str, library: Library) -> None:
    library.says = lambda place: name if place == 1 else ""
    kafka = Kafka(options())
    assert set(kafka.deliver(some(3)).again) == {1, 2}
    assert "batch.num.messages" not in library.settings[0]
    said = kafka.deliver(some(3))
    assert library.settings[1]["batch.num.messages"] == 1
    assert said == Delivered({2: BEHIND}, {1: name})
    library.says = lambda _: name  # all that is left, refused: that is worth no other try
    assert kafka.deliver(some(1)) == Delivered(refused={0: name})


def test_once_a_delivery_was_taken_whole_messages_share_requests_again(library: Library) -> None:
    library.says = lambda place: "MSG_SIZE_TOO_LARGE" if place == 1 else ""
    kafka = Kafka(options())
    kafka.deliver(some(3))
    assert kafka.deliver(some(3)) == Delivered({2: BEHIND}, {1: "MSG_SIZE_TOO_LARGE"})
    library.says = lambda _: ""
    assert kafka.deliver(some(3)[2:]) == kafka.deliver(some(3)) == ALL
    assert ["batch.num.messages" in each for each in library.settings] == [False, True, True, False]


def test_what_the_library_refuses_itself_is_about_that_message(library: Library) -> None:
    library.local = lambda place: "MSG_SIZE_TOO_LARGE" if place == 1 else ""
    assert Kafka(options()).deliver(some(3)) == Delivered(refused={1: "MSG_SIZE_TOO_LARGE"})
    assert len(library.settings) == 1


@pytest.mark.parametrize("name", ["_FATAL", "full"])
def test_what_cannot_be_handed_over_holds_up_what_follows(name: str, library: Library) -> None:
    library.local = lambda place: name if place == 1 else ""
    said = Kafka(options(timeout=Duration(0.1))).deliver(some(3))
    assert (set(said.again), dict(said.refused)) == ({1, 2}, {})


def test_a_fatal_error_makes_a_new_producer(library: Library) -> None:
    library.fatal = True
    library.says = lambda place: "OUT_OF_ORDER_SEQUENCE_NUMBER" if place == 1 else ""
    kafka = Kafka(options())
    assert set(kafka.deliver(some(3)).again) == {1, 2}
    library.says = lambda _: ""
    assert kafka.deliver(some(3)[1:]) == ALL
    assert len(library.settings) == 2


def test_nothing_taken_and_nothing_refused_is_a_fault(library: Library) -> None:
    library.says = lambda _: "TOPIC_AUTHORIZATION_FAILED"
    with pytest.raises(SinkFault, match="TOPIC_AUTHORIZATION_FAILED"):
        Kafka(options()).deliver(some(3))
    library.says = lambda _: "silent"
    with pytest.raises(SinkFault, match="no acknowledgement in time"):
        Kafka(options(timeout=Duration(0.1))).deliver(some(3))


def test_what_keeps_messages_together() -> None:
    assert key(event(1)) == b"agent:sales"
    assert key(event(1, identity="", exchange_id="x1")) == b"x1"
    assert key(event(1, identity="", writer="w1")) == b"w1"
    assert key(event(1, identity="")) == event(1).id.encode()


def test_settings_that_matter() -> None:
    made = settings(options(tls=True, sasl="scram-sha-512", user="doorward", password=Secret(PASSWORD)))
    assert (made["enable.idempotence"], made["acks"], made["enable.gapless.guarantee"]) == (True, "all", True)
    assert made["security.protocol"] == "sasl_ssl"
    assert (made["sasl.mechanisms"], made["sasl.password"]) == ("SCRAM-SHA-512", PASSWORD)
    assert settings(options())["security.protocol"] == "plaintext"
    assert settings(options(sasl="plain", user="a", password=Secret(PASSWORD)))["security.protocol"] == "sasl_plaintext"
    tls = settings(options(tls=True, ca=Path("ca.pem"), certificate=Path("c"), key=Path("k"), key_password=Secret("x")))
    assert (tls["security.protocol"], tls["ssl.ca.location"], tls["ssl.key.password"]) == ("ssl", "ca.pem", "x")


def test_the_library_takes_the_settings(tmp_path: Path) -> None:
    spec = {"brokers": ["kafka.example.com:9093"], "topic": "t", "sasl": "plain", "user": "a", "password": "env:PW"}
    made = builder({"PW": PASSWORD}, tmp_path)("sinks", Plugin("kafka", spec))
    assert isinstance(made, Kafka)
    assert PASSWORD not in f"{made!r} {made.options!r}"
    assert made.limits.events == 5000
    assert Kafka(options(events=10)).limits.events == 10


def test_nobody_is_connected_to_before_there_is_something_to_send() -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        kafka = Kafka(options(brokers=(f"127.0.0.1:{broker.getsockname()[1]}",), timeout=Duration(0.2)))
        broker.settimeout(0)
        with pytest.raises(BlockingIOError):
            broker.accept()
        with pytest.raises(SinkFault):
            kafka.deliver(some(1))
        broker.accept()[0].close()


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the file of ca cannot be read: No such file"):
        Kafka(options(tls=True, ca=tmp_path / "none.pem"))
    (nonsense := tmp_path / "nonsense.pem").write_text("no certificate")
    with pytest.raises(Refused, match="does not take these options") as caught:
        Kafka(options(tls=True, ca=nonsense))
    assert "PEM" in caught.value.remedy


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"brokers": ()}, "brokers"),
        ({"brokers": ("kafka",)}, "brokers"),
        ({"brokers": ("a:1,b:2",)}, "brokers"),
        ({"brokers": ("ssl://a:1",)}, "brokers"),
        ({"brokers": ("a:99999",)}, "brokers"),
        ({"topic": "a b"}, "topic"),
        ({"topic": ".."}, "topic"),
        ({"source": ""}, "source"),
        ({"source": "a b"}, "source"),
        ({"sasl": "plain"}, "user and password"),
        ({"sasl": "plain", "user": "a", "password": Secret("")}, "user and password"),
        ({"user": "a"}, "go with sasl"),
        ({"ca": Path("ca.pem")}, "go with tls"),
        ({"tls": True, "key": Path("key.pem")}, "go together"),
        ({"brokers": ("a:1",), "sasl": "plain", "user": "a", "password": Secret(PASSWORD)}, "unencrypted"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        Kafka(options(**wrong))
    assert PASSWORD not in f"{caught.value} {caught.value.remedy}"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(Refused, match="not installed") as caught:
        Kafka(options())
    assert "doorward[kafka]" in caught.value.remedy
