"""For each sink: its strict receiver, everything that can go wrong with it, and what it took."""

import base64
import fcntl
import json
import os
import re
import select
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Event as Flag
from threading import Thread
from typing import Any, Self

import confluent_kafka
from tests.delivery.process import is_refused
from tests.receivers.aws import Amazon
from tests.receivers.collector import Collector
from tests.receivers.datadog import Datadog
from tests.receivers.kafka import QUIET, Broker, Mock, missing
from tests.receivers.kafka_proxy import Proxy
from tests.receivers.otlp import Otlp
from tests.receivers.serving import Fault, Serving
from tests.receivers.splunk import Splunk
from tests.receivers.syslog import Syslog
from tests.receivers.traces import Traces

Arrival = tuple[str, int]
"""The id of an event that came, and a checksum of all of it."""

_ID = re.compile(rb'"event_id": ?"([^"]{1,100})"')
_KEY = "k" * 40


def id_in(data: bytes) -> str:
    found = _ID.search(data)
    assert found is not None
    return found[1].decode()


def _of_bytes(data: bytes) -> Arrival:
    return id_in(data), zlib.crc32(data)


def _of_object(event: Any) -> Arrival:
    return _of_bytes(json.dumps(event).encode())


class Arrived:
    """In place of a receiver's list of what it took: only what tests compare, for there may be millions."""

    def __init__(self, read: Callable[[Any], Arrival]) -> None:
        self._read = read
        self.all: list[Arrival] = []

    def append(self, one: Any) -> None:
        self.all.append(self._read(one))

    def __iadd__(self, many: Iterable[Any]) -> Self:
        self.all.extend(map(self._read, many))
        return self

    def __len__(self) -> int:
        return len(self.all)


class _Forgotten(list[Any]):
    def append(self, _: Any) -> None: ...


class Rig:
    """``bad`` begins a fault, ``met`` says that the sink has met it, ``well`` ends it.

    ``refused``: the events that it refuses as such; ``largest``: or it takes none of so many bytes. ``outage``: the
    kind that keeps everything away. ``unordered``: events of which an answer said that they alone were not taken.
    """

    kinds: tuple[str, ...] = ()
    outage = "down"
    largest = 0
    spans = False

    def __init__(self, directory: Path, *, long: bool) -> None:
        self.long = long
        self.directory = directory
        self.arrived = Arrived(_of_bytes)
        self.unordered: set[str] = set()
        self.settings: dict[str, Any] = {"timeout": 2.0 if long else 0.3}
        if not long:
            self.settings["events"] = 25
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def refused(self, event_id: str) -> bool:
        """Fewer in the long form: each costs the sink some requests, or a producer, and the receivers are slow."""
        return is_refused(event_id) and (not self.long or event_id.endswith("7"))

    def bad(self, kind: str, times: int) -> None:
        raise NotImplementedError

    def met(self, failed: bool) -> bool:
        """``failed``: a delivery has failed since it began."""
        raise NotImplementedError

    def well(self) -> None: ...

    def progress(self) -> int:
        return len(self.arrived)

    def lanes(self) -> list[list[Arrival]]:
        """What came, in order; more than one where the service keeps no order between them."""
        return [self.arrived.all]


class Over(Rig):
    """HTTP."""

    kinds = ("down", "hang", "slow", "half", "lost", "cut", "busy", "trickle")
    busy = Fault("status", 503, headers={"Retry-After": "0"})
    receiver: Serving

    def serve(self, receiver: Serving) -> None:
        self.receiver = receiver
        self.queue: deque[Fault] = deque()
        receiver.requests = _Forgotten()
        receiver.fault = lambda _: self.queue.popleft() if self.queue else None
        self._kind = ""
        self._exits.enter_context(receiver)

    def bad(self, kind: str, times: int) -> None:
        self._kind = kind
        if kind == "down":
            self.receiver.down()
            return
        fault = {"busy": self.busy, "slow": Fault("slow", seconds=0.1)}.get(kind, Fault(kind))
        self.queue.extend([fault] * (1 if kind in ("hang", "trickle") and not self.long else times))

    def met(self, failed: bool) -> bool:
        return failed if self._kind == "down" else not self.queue

    def well(self) -> None:
        if self._kind == "down":
            self.receiver.up()
        elif self._kind == "trickle":
            self.receiver.cut()  # botocore reads on behind the sink's back as long as something comes
        self._kind = ""


class SplunkRig(Over):
    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        receiver = Splunk(_KEY)
        receiver.indexed = self.arrived = Arrived(lambda one: _of_object(one["event"]))  # type: ignore[assignment]
        receiver.refuses = lambda event: self.refused(event["event_id"])
        self.serve(receiver)
        self.settings |= {"url": receiver.url, "token": _KEY, "ack_within": self.settings["timeout"]}


class DatadogRig(Over):
    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        receiver = Datadog(_KEY)
        receiver.logs = self.arrived = Arrived(lambda log: _of_bytes(log["message"].encode()))  # type: ignore[assignment]
        receiver.refuses = lambda event: self.refused(event["event_id"])
        self.serve(receiver)
        self.settings |= {"url": receiver.url + "/api/v2/logs", "key": _KEY}


class HttpRig(Over):
    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        receiver = Collector(_KEY.encode())
        receiver.taken = self.arrived = Arrived(_of_object)  # type: ignore[assignment]
        receiver.refuses = lambda event: self.refused(event["event_id"])
        self.serve(receiver)
        self.settings |= {"url": receiver.url, "secret": "whsec" + "_" + base64.b64encode(_KEY.encode()).decode()}


class OtlpRig(Over):
    """Half of what it refuses it only counts, and takes what came with it."""

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        receiver = Otlp()
        receiver.taken = self.arrived = Arrived(lambda log: _of_bytes(log.body.string_value.encode()))  # type: ignore[assignment]
        receiver.rejects = lambda log: self._counted(_log_id(log), 0)
        receiver.unacceptable = lambda log: self._counted(_log_id(log), 1)
        self.serve(receiver)
        self.settings |= {"url": receiver.url}

    def _counted(self, event_id: str, rest: int) -> bool:
        return self.refused(event_id) and zlib.crc32(event_id[::-1].encode()) % 2 == rest


def _log_id(log: Any) -> str:
    return id_in(log.body.string_value.encode())


class TracesRig(Over):
    spans = True

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        receiver = Traces()
        receiver.taken = self.arrived = Arrived(_of_span)  # type: ignore[assignment]
        receiver.unacceptable = lambda span: self.refused(_of_span(span)[0])
        self.serve(receiver)
        self.settings |= {"url": receiver.url}


def _of_span(span: Any) -> Arrival:
    (event_id,) = (each.value.string_value for each in span.attributes if each.key == "doorward.event_id")
    return event_id, zlib.crc32(span.SerializeToString(deterministic=True))


class AmazonRig(Over):
    busy = Fault("status", 500, said={"__type": "InternalFailure"})

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self.amazon = Amazon()
        self.amazon.taken = self.arrived = Arrived(_of_bytes)  # type: ignore[assignment]
        self.amazon.unacceptable = lambda data: self.refused(id_in(data))
        self.serve(self.amazon)
        self.settings |= {"endpoint": self.amazon.url, "region": "eu-central-1"}
        self.settings["timeout"] = 2.0  # a new client, which is made after each hanging one, takes a part of it


class FirehoseRig(AmazonRig):
    kinds = (*Over.kinds, "some")

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self.settings |= {"stream": "audit"}
        self._random = Random(3)

    def bad(self, kind: str, times: int) -> None:
        if kind == "some":
            self._kind = kind
            self.amazon.fails = self._fails
        else:
            super().bad(kind, times)

    def _fails(self, record: bytes) -> bool:
        fails = self._random.random() < 0.2
        if fails:
            self.unordered.add(id_in(record))
        return fails

    def met(self, failed: bool) -> bool:
        return failed if self._kind == "some" else super().met(failed)

    def well(self) -> None:
        self.amazon.fails = lambda _: False
        super().well()


class CloudWatchRig(AmazonRig):
    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self.settings |= {"group": "/doorward/audit", "stream": "edge-1"}


class SyslogRig(Rig):
    """It acknowledges nothing, so that answers cannot be lost; and it refuses what is too large for it."""

    kinds = ("down", "hang", "slow", "half", "lost")
    largest = 4096

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self.receiver = self._exits.enter_context(Syslog(largest=self.largest))
        self.receiver.messages = self.arrived = Arrived(lambda message: _of_bytes(message.text.encode()))  # type: ignore[assignment]
        self.settings |= {"host": "127.0.0.1", "port": self.receiver.port, "tls": False, "largest": self.largest}
        self.settings |= {"proof": 1.0 if long else 0.1}
        self._kind, self._before = "", 0
        self._slow: Thread | None = None

    def refused(self, event_id: str) -> bool:
        return False  # but for what is too large

    def bad(self, kind: str, times: int) -> None:
        self._kind, self._before = kind, len(self.arrived)
        match kind:
            case "down":
                self.receiver.down()
            case "hang":
                self.receiver.read(False)
            case "half":
                self.receiver.cut_at = self._before + 10
            case "slow":
                self._slow = Thread(target=self._slowly)
                self._slow.start()

    def _slowly(self) -> None:
        while self._kind == "slow":
            self.receiver.read(False)
            time.sleep(0.02)
            self.receiver.read(True)
            time.sleep(0.002)

    def met(self, failed: bool) -> bool:
        match self._kind:
            case "half":
                return self.receiver.cut_at == 0
            case "slow" | "lost":
                return len(self.arrived) > self._before
        return failed

    def well(self) -> None:
        kind, self._kind = self._kind, ""
        match kind:
            case "down":
                self.receiver.up()
            case "hang":
                self.receiver.read(True)
            case "lost":
                self.receiver.cut()
            case "slow":
                assert self._slow is not None
                self._slow.join()

    def __exit__(self, *_: object) -> None:
        self.well()
        self.receiver.read(True)
        assert not self.receiver.faults
        super().__exit__()


class KafkaRig(Rig):
    """The mock cluster, or for the long form a real broker where there can be one, behind what breaks it."""

    kinds = ("down", "hang", "slow", "half", "lost", "cut")

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self._direct, self._topic = self._broker(directory), "audit"
        self.proxy = self._exits.enter_context(Proxy(self._direct))
        self.proxy.refuses = lambda request: any(self.refused(found.decode()) for found in _ID.findall(request))
        self.settings |= {"brokers": [self.proxy.address], "topic": self._topic, "tls": False, "compression": "none"}
        self.settings["timeout"] = 5.0 if long else 1.0
        self._kind = ""

    def _broker(self, directory: Path) -> str:
        if self.long and not missing():
            (directory / "broker").mkdir()
            broker = self._exits.enter_context(Broker(directory / "broker"))
            broker.topic("audit", 3)
            return broker.address
        self._mock = Mock()
        return self._mock.address

    def bad(self, kind: str, times: int) -> None:
        self._kind = kind
        if kind == "down":
            self.proxy.down()
        else:
            fault = Fault(kind, seconds=0.1)
            self.proxy.next(*[fault] * (1 if kind == "hang" else times))

    def met(self, failed: bool) -> bool:
        return failed if self._kind == "down" else not self.proxy.queue

    def well(self) -> None:
        if self._kind == "down":
            self.proxy.up()
        self._kind = ""

    def progress(self) -> int:
        return self.proxy.produced

    def lanes(self) -> list[list[Arrival]]:
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self._direct, "group.id": "tests", **QUIET})
        try:
            numbers = sorted(consumer.list_topics(self._topic, timeout=10).topics[self._topic].partitions)
            return [list(self._partition(consumer, number)) for number in numbers]
        finally:
            consumer.close()

    def _partition(self, consumer: Any, number: int) -> Iterator[Arrival]:
        at = confluent_kafka.TopicPartition(self._topic, number, 0)
        low, high = consumer.get_watermark_offsets(at, timeout=10)
        assert low == 0, "the mock cluster has forgotten messages"
        consumer.assign([at])
        until = time.monotonic() + 60
        while low < high:
            assert time.monotonic() < until
            for message in consumer.consume(1000, 0.2):
                if message.error() is None:
                    yield _of_bytes(message.value())
                    low = message.offset() + 1


class FileRig(Rig):
    """Nobody gives a write of a file a time limit, and a file refuses no event."""

    kinds = ("down", "hang", "slow", "full", "lost")

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self._path, self._orders = directory / "files" / "audit.jsonl", directory / "orders"
        self._path.parent.mkdir()
        self.settings |= {"path": str(self._path), "disk": str(self._orders), "size": 8 << 20 if long else 100_000}
        self._kind, self._moved = "", 0

    def refused(self, event_id: str) -> bool:
        return False

    def bad(self, kind: str, times: int) -> None:
        self._kind = kind
        if kind == "down":  # somebody else has put another thing there
            self._moved += 1
            if self._path.exists():
                self._path.rename(self._path.with_name(f"moved.{self._moved:06d}"))
            self._path.mkdir()
        else:
            new = self._orders.with_suffix(".ordered")
            new.write_text(" ".join([kind] * times))
            new.rename(self._orders)

    def met(self, failed: bool) -> bool:
        return failed if self._kind == "down" else not self._orders.read_text()

    def well(self) -> None:
        if self._kind == "down":
            self._path.rmdir()
        self._kind = ""

    def lanes(self) -> list[list[Arrival]]:
        """A lane for all: the files in the order in which they were begun."""
        paths = sorted(self._path.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [[_of_bytes(line) for path in paths for line in path.read_bytes().splitlines()]]


class StdoutRig(Rig):
    """A pipe says nothing but whether there is room."""

    kinds = ("hang", "slow")
    outage = "hang"

    def __init__(self, directory: Path, *, long: bool) -> None:
        super().__init__(directory, long=long)
        self._read, written = os.pipe()
        os.set_inheritable(written, True)
        fcntl.fcntl(written, fcntl.F_SETPIPE_SZ, 4096)
        self._exits.callback(os.close, self._read)
        self._exits.callback(os.close, written)
        self.settings |= {"descriptor": written}
        self._kind, self._before, self._rest = "", 0, b""
        self._over = Flag()
        self._thread = Thread(target=self._reading)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        super().__exit__()

    def _reading(self) -> None:
        while not self._over.is_set():
            if self._kind == "hang" or not select.select([self._read], [], [], 0.02)[0]:
                time.sleep(0.002)
                continue
            if self._kind == "slow":
                time.sleep(0.005)
            *lines, self._rest = (self._rest + os.read(self._read, 4096)).split(b"\n")
            self.arrived += lines

    def refused(self, event_id: str) -> bool:
        return False

    def bad(self, kind: str, times: int) -> None:
        self._before = len(self.arrived)
        self._kind = kind

    def met(self, failed: bool) -> bool:
        return failed if self._kind == "hang" else len(self.arrived) > self._before

    def well(self) -> None:
        self._kind = ""


RIGS: dict[str, type[Rig]] = {
    "splunk": SplunkRig,
    "datadog": DatadogRig,
    "http": HttpRig,
    "otlp": OtlpRig,
    "traces": TracesRig,
    "firehose": FirehoseRig,
    "cloudwatch": CloudWatchRig,
    "syslog": SyslogRig,
    "kafka": KafkaRig,
    "file": FileRig,
    "stdout": StdoutRig,
}
