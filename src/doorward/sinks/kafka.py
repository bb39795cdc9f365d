"""Kafka: one message for each event, idempotent, acknowledged by all replicas that are in sync.

A message is taken when its delivery report says so. At the first that fails, or that is late, the producer is let go
with all that it still has: nothing may be sent behind what the pump sends again.
"""

import importlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from doorward.configtypes import Refused
from doorward.core.delivery import LARGEST_EVENT, Delivered, Event, Limits, SinkFault
from doorward.sinks.cloudevents import headers
from doorward.sinks.kafka_settings import KafkaOptions, look_into_files, settings

MOST_EVENTS = 5000
MOST_BYTES = 4 << 20
PER_EVENT = 512
"""Bytes that a message has beside its value: key, header fields, framing."""

MEETING = 0.5
"""Seconds that a new producer may take to find a broker before it is given the first message."""

LOOK = 0.05
"""Seconds between two looks at whether the sink was closed."""

BEHIND = "not sent yet: an earlier one was refused"

_TIME = "INVALID_TIMESTAMP"

# What a broker answers to a message that it will never take (Kafka protocol guide, error codes). To a request of
# several it gives the answer for all of them, so that it is believed only where the message was alone in it.
NEVER = frozenset(("MSG_SIZE_TOO_LARGE", "INVALID_MSG_SIZE", "RECORD_LIST_TOO_LARGE", _TIME, "INVALID_RECORD"))

LATE = 3600.0
"""Seconds. A time that a broker does not take of an event that is younger is not the event's fault: brokers take none
that is an hour ahead of their clock (``message.timestamp.after.max.ms``), and ours may be.
"""


class Kafka:
    Options = KafkaOptions

    def __init__(self, options: KafkaOptions) -> None:
        """Raises ``Refused``. Nobody is connected to before the first delivery."""
        self.options = options
        self.limits = Limits(
            events=min(options.events or MOST_EVENTS, MOST_EVENTS),
            bytes=MOST_BYTES,
            overhead=PER_EVENT,
            event=LARGEST_EVENT,
        )
        self._library = _library()
        made = settings(options)
        look_into_files(options)
        self._settings = made | {"logger": _LOG, "error_cb": self._note}
        self._trouble = ""
        self._alone = False  # each message in a request of its own
        self._closed = False
        self._producer: Any = None
        self._made({"bootstrap.servers": ""})  # the library's own checks, and nobody is connected to

    def deliver(self, events: Sequence[Event]) -> Delivered:
        if self._closed:
            raise SinkFault("closed")
        until = time.monotonic() + self.options.timeout
        if self._producer is None:
            self._producer = self._made({"batch.num.messages": 1} if self._alone else {})
            self._meet(min(MEETING, self.options.timeout))
        now = time.time()
        batch = _Batch([now - event.at > LATE for event in events], believed=self._alone)
        self._hand_over(events, batch)
        while batch.open and not (batch.failed or self._over() or time.monotonic() >= until):
            self._reports(self._producer.poll, batch)
        if batch.open or batch.failed:
            self._let_go(batch)
        elif self._alone:  # what was refused is settled, and the next goes in few requests again
            self._alone, self._producer = False, None
        self._alone = self._alone or batch.doubtful
        return batch.delivered(self._why_late())

    def close(self) -> None:
        self._closed = True

    def __repr__(self) -> str:
        return f"Kafka({self.options.topic})"

    def _made(self, more: Mapping[str, Any]) -> Any:
        self._trouble = ""
        try:
            return self._library.Producer({**self._settings, **more})
        except (self._library.KafkaException, ValueError, TypeError):
            raise Refused("the Kafka library does not take these options", _PEM) from None

    def _meet(self, seconds: float) -> None:
        """Let a new producer find a broker. One that has none when it is handed its first message looks for its
        identity again after half a second, and each event that is refused takes a new producer.
        """
        with suppress(self._library.KafkaException):  # that nobody answers, the delivery finds out
            self._producer.list_topics(self.options.topic, timeout=seconds)

    def _hand_over(self, events: Sequence[Event], batch: "_Batch") -> None:
        for place, event in enumerate(events):
            try:
                self._producer.produce(
                    self.options.topic,
                    event.data,
                    key=key(event),
                    headers=headers(event, self.options.format, self.options.source),
                    timestamp=int(min(event.at, time.time()) * 1000),  # of later, where the clock was set back since
                    on_delivery=partial(batch.report, place),
                )
            except BufferError:
                return  # the rest is late
            except self._library.KafkaException as fault:
                batch.local(place, fault.args[0])
                if batch.failed:
                    return

    def _let_go(self, batch: "_Batch") -> None:
        """Nothing of it is sent from now on. What is in flight may be taken all the same, and comes twice then."""
        leaving, self._producer = self._producer, None
        leaving.purge()
        for _ in range(2):  # the last reports; a fatal error comes once before them
            self._reports(leaving.flush, batch)

    def _reports(self, ask: Callable[[float], Any], batch: "_Batch") -> None:
        """Let delivery reports come in. A fatal error is raised in their place (``enable.gapless.guarantee``)."""
        try:
            ask(LOOK)
        except self._library.KafkaException:
            batch.failed = True

    def _over(self) -> bool:
        return self._closed

    def _note(self, error: Any) -> None:
        self._trouble = error.name()

    def _why_late(self) -> str:
        if self._closed:
            return "closed"
        return "no acknowledgement in time" + (f" ({self._trouble})" if self._trouble else "")


class _Batch:
    """What is known of each message of a delivery. ``late``: by number, whether it was made long ago."""

    def __init__(self, late: Sequence[bool], *, believed: bool) -> None:
        self._count = len(late)
        self._late = late
        self._believed = believed
        self._taken: set[int] = set()
        self._again: dict[int, str] = {}
        self._refused: dict[int, str] = {}
        self.failed = False
        self.doubtful = False  # refused, perhaps for another message in the same request

    @property
    def open(self) -> bool:
        return len(self._taken) + len(self._again) + len(self._refused) < self._count

    def report(self, place: int, error: Any, _message: Any) -> None:
        """A delivery report. One that only says that the producer was let go leaves the message late."""
        if error is None:
            self._taken.add(place)
            return
        name = error.name()
        self.failed = True
        if name in NEVER and self._believed and (name != _TIME or self._late[place]):
            self._refused[place] = name
        elif name not in _LET_GO:
            self._again[place] = name
            self.doubtful = self.doubtful or name in NEVER

    def local(self, place: int, error: Any) -> None:
        """The library did not take it. That is about this message alone, or about the producer."""
        name = error.name()
        if name in NEVER:
            self._refused[place] = name
        else:
            self._again[place] = name
            self.failed = True

    def delivered(self, late: str) -> Delivered:
        """Raises ``SinkFault`` where nothing was taken and nothing refused."""
        why = next(iter(self._again.values()), BEHIND if self._refused else late)
        again = {
            place: self._again.get(place, why)
            for place in range(self._count)
            if place not in self._taken and place not in self._refused
        }
        if len(again) == self._count and not self.doubtful:
            raise SinkFault(why, remedy=_todo(why))
        return Delivered(again, self._refused)


def key(event: Event) -> bytes:
    """What keeps messages in one partition, and so in order: who called; else the exchange, else the writer."""
    record = event.record
    return (event.key or str(record.get("exchange_id") or record.get("writer") or event.id)).encode()


def _todo(why: str) -> str:
    """What the name of an error of librdkafka's, at the end of ``why``, asks of an operator."""
    return next((todo for names, todo in _TODO if any(name in why for name in names)), "")


_TODO = (
    (("_TRANSPORT", "_ALL_BROKERS_DOWN"), "no broker is reached: check brokers, and whether tls is as they want it"),
    (("_RESOLVE",), "check the names of the brokers, and the DNS of this machine"),
    (("_SSL",), "check ca, certificate and key, and whether tls is as the brokers want it"),
    (("_AUTHENTICATION", "SASL_"), "check sasl, user and password"),
    (("UNKNOWN_TOPIC",), "make the topic, and let the user describe it"),
    (("AUTHORIZATION_FAILED",), "let the user write to the topic and describe it"),
)
_PEM = "ca, certificate and key are files in PEM form, and key_password is the key's"
_LET_GO = frozenset(("_PURGE_QUEUE", "_PURGE_INFLIGHT", "_DESTROY", "_FATAL", "_GAPLESS_GUARANTEE"))
_LOG = logging.Logger("librdkafka", logging.CRITICAL + 1)  # says nothing: what matters is in a fault's text


def _library() -> Any:
    try:
        return importlib.import_module("confluent_kafka")
    except ImportError:
        raise Refused("confluent-kafka is not installed", "pip install 'doorward[kafka]'") from None
