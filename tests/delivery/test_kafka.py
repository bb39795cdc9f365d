"""``use: kafka`` against a real broker (Apache Kafka in KRaft mode, one node)."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.receivers.events import event, some, until_done
from tests.receivers.kafka import Broker, ids, missing, partitions

from doorward.configtypes import Duration
from doorward.core.delivery import ALL, SinkFault
from doorward.sinks.kafka import Kafka

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("kafka")) as up:
        yield up


def sink(broker: Broker, topic: str, **more: Any) -> Kafka:
    return Kafka(Kafka.Options(**{"brokers": (broker.address,), "topic": topic, "tls": False, **more}))


def test_messages_are_cloudevents_keyed_by_identity_and_in_order(broker: Broker) -> None:
    topic = broker.topic("events", 3)
    events = [event(n, identity=f"agent:{n % 5}", trace_id="ab" * 16, span_id="cd" * 8) for n in range(1000)]
    assert sink(broker, topic).deliver(events) == ALL
    found = partitions(broker.address, topic, 1000)
    keys = [{message.key() for message in messages} for messages in found]
    assert sum(map(len, keys)) == len(set.union(*keys)) == 5  # each in one partition
    for messages in found:
        assert [message.timestamp()[1] for message in messages] == sorted(m.timestamp()[1] for m in messages)
    first = next(message for messages in found for message in messages if message.value() == events[0].data)
    assert dict(first.headers()) == {
        "ce_specversion": b"1.0",
        "ce_id": events[0].id.encode(),
        "ce_source": b"doorward",
        "ce_type": b"doorward.exchange.outcome",
        "ce_time": b"2026-09-21T14:13:20.064Z",
        "content-type": b"application/json",
        "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-00".encode(),
    }


def test_what_is_too_large_is_refused_alone_and_nothing_overtakes(broker: Broker) -> None:
    """The broker refuses a request of several as a whole, also for the sum of them."""
    topic = broker.topic("small", max_message_bytes="3000")
    events = some(20)
    events[7] = event(7, data=b"x" * 4000)
    refused = until_done(sink(broker, topic, compression="none"), events)
    assert refused == [events[7]]
    (messages,) = partitions(broker.address, topic, 19)
    assert ids(messages) == [one.id for one in events if one is not events[7]]


def test_a_topic_that_is_not_there_is_named(broker: Broker) -> None:
    with pytest.raises(SinkFault, match="UNKNOWN_TOPIC_OR_PART"):
        sink(broker, "nowhere", timeout=Duration(1)).deliver(some(2))


def test_a_broker_that_hangs_and_one_that_is_killed(broker: Broker) -> None:
    topic = broker.topic("faults")
    kafka = sink(broker, topic, timeout=Duration(2))
    events = some(60)
    until_done(kafka, events[:20])
    broker.pause()
    with pytest.raises(SinkFault, match="no acknowledgement in time"):
        kafka.deliver(events[20:40])
    broker.resume()
    until_done(kafka, events[20:40])
    broker.kill()
    with pytest.raises(SinkFault, match="no acknowledgement in time"):
        kafka.deliver(events[40:])
    broker.start()
    assert not until_done(kafka, events[40:])
    (messages,) = partitions(broker.address, topic, 60)
    assert ids(messages) == [one.id for one in events]  # the first time that each came
