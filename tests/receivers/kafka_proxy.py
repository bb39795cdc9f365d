"""What stands between a Kafka client and a broker, and breaks what goes through it as ``serving.Fault`` names it.

It reads as much of the protocol as that needs (Kafka protocol guide): the frames, the address of the broker in what
the broker tells of itself, and Produce, to refuse one message for good. A connection is served one request at a time.
"""

import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import NamedTuple, Self

from tests.receivers.serving import Fault

PRODUCE = 0
MESSAGE_TOO_LARGE = 10


class Proxy:
    """``refuses``: looks at the bytes of a Produce request, and says whether the broker never takes it. ``next``: what
    goes wrong with the next Produce requests: cut, hang, lost, half, slow.
    """

    def __init__(self, broker: str) -> None:
        host, _, port = broker.rpartition(":")
        self._broker = (host, int(port))
        self.refuses: Callable[[bytes], bool] = lambda _: False
        self.queue: deque[Fault] = deque()
        self.produced = 0  # requests that the broker took
        self._port = 0
        self._listener: socket.socket | None = None
        self._accepting: Thread | None = None
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._ending = Event()

    @property
    def address(self) -> str:
        return f"{self._broker[0]}:{self._port}"

    def next(self, *faults: Fault) -> None:
        self.queue.extend(faults)

    def up(self) -> Self:
        self._ending = Event()
        self._listener = socket.create_server((self._broker[0], self._port))
        self._port = self._listener.getsockname()[1]
        self._accepting = Thread(target=self._accept, args=(self._listener, self._ending), daemon=True)
        self._accepting.start()
        return self

    def down(self) -> None:
        """Stop listening, and cut what is open."""
        if self._listener is None or self._accepting is None:
            return
        self._ending.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self._listener = None
        self.cut()

    def cut(self) -> None:
        with self._lock:
            for opened in self._open:
                with suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(self, *_: object) -> None:
        self.down()

    def _accept(self, listener: socket.socket, ending: Event) -> None:
        while True:
            try:
                opened = listener.accept()[0]
            except OSError:
                return
            Thread(target=self._serve, args=(opened, ending), daemon=True).start()

    def _serve(self, client: socket.socket, ending: Event) -> None:
        with client, suppress(OSError), socket.create_connection(self._broker, 10) as broker:
            with self._lock:
                self._open |= {client, broker}
            try:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not ending.is_set() and self._one(client, broker, ending):
                    pass
            finally:
                with self._lock:
                    self._open -= {client, broker}

    def _one(self, client: socket.socket, broker: socket.socket, ending: Event) -> bool:
        """One request and its answer; whether the connection stays."""
        request = _frame(client)
        fault = None
        if _api(request) == PRODUCE:
            if self.refuses(request):
                client.sendall(_framed(_refusal(request)))
                return True
            with self._lock:
                fault = self.queue.popleft() if self.queue else None
        kind = fault.kind if fault else ""
        if kind == "cut":
            return False
        if kind == "hang":
            client.settimeout(30)
            while client.recv(4096):
                pass
            return False
        if fault is not None and kind == "slow":
            ending.wait(fault.seconds)
        broker.sendall(_framed(request))
        answer = self._rewritten(_frame(broker))
        self.produced += _api(request) == PRODUCE
        if kind == "lost":
            return False
        if kind == "half":
            client.sendall(_framed(answer)[: len(answer) // 2])
            return False
        client.sendall(_framed(answer))
        return True

    def _rewritten(self, answer: bytes) -> bytes:
        """The broker names itself; the client is to come back to us."""
        host, port = self._broker
        name = host.encode()
        return answer.replace(name + struct.pack(">i", port), name + struct.pack(">i", self._port))


def _api(request: bytes) -> int:
    found: int = struct.unpack_from(">h", request)[0]
    return found


def _frame(opened: socket.socket) -> bytes:
    return _exactly(opened, struct.unpack(">i", _exactly(opened, 4))[0])


def _framed(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def _exactly(opened: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = opened.recv(min(count - len(data), 1 << 16))
        if not more:
            raise ConnectionError
        data += more
    return bytes(data)


class _Produce(NamedTuple):
    version: int
    correlation: int
    topic: bytes
    partition: int


def _read(request: bytes) -> _Produce:
    """Of a request for one partition, which is what librdkafka sends."""
    _, version, correlation, client = struct.unpack_from(">hhih", request)
    at = 10 + max(client, 0)
    assert 3 <= version <= 12
    if version < 9:
        transaction = struct.unpack_from(">h", request, at)[0]
        at += 2 + max(transaction, 0) + 2 + 4 + 4  # acks, timeout, topics
        length = struct.unpack_from(">h", request, at)[0]
        topic = request[at + 2 : at + 2 + length]
        at += 2 + length + 4  # partitions
    else:
        at += 1  # no tagged fields
        assert request[at] == 0  # no transaction
        at += 1 + 2 + 4 + 1
        length = request[at] - 1
        topic = request[at + 1 : at + 1 + length]
        at += 1 + length + 1
    return _Produce(version, correlation, topic, struct.unpack_from(">i", request, at)[0])


def _refusal(request: bytes) -> bytes:
    asked = _read(request)
    said = struct.pack(">ihqq", asked.partition, MESSAGE_TOO_LARGE, -1, -1)
    if asked.version >= 5:
        said += struct.pack(">q", -1)
    if asked.version < 9:
        if asked.version >= 8:
            said += struct.pack(">ih", 0, -1)
        topic = struct.pack(">h", len(asked.topic)) + asked.topic
        return struct.pack(">ii", asked.correlation, 1) + topic + struct.pack(">i", 1) + said + struct.pack(">i", 0)
    said += b"\x01\x00\x00"  # no errors of records, no message, no tagged fields
    topic = bytes([len(asked.topic) + 1]) + asked.topic
    return struct.pack(">iBB", asked.correlation, 0, 2) + topic + b"\x02" + said + b"\x00" + struct.pack(">iB", 0, 0)
