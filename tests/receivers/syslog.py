"""A syslog receiver (RFC 5424 in octet-counted frames) that ends the connection at the first thing that is wrong."""

import re
import socket
import ssl
import struct
from contextlib import suppress
from threading import Condition, Thread
from typing import NamedTuple, Self

_LENGTH = re.compile(rb"([1-9][0-9]{0,8}) ")
_HEAD = re.compile(
    rb"<(0|[1-9][0-9]{0,2})>1 "
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z) "
    rb"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
_ELEMENT = re.compile(rb"\[([!#-<>-\\^-~]{1,32})((?: [!#-<>-\\^-~]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*)\]")
_PARAMETER = re.compile(rb" ([!#-<>-\\^-~]{1,32})=\"((?:[^\"\\\]]|\\[\"\\\]])*)\"")
_BOM = b"\xef\xbb\xbf"


class Message(NamedTuple):
    facility: int
    severity: int
    timestamp: str
    host: str
    app: str
    kind: str
    sd_id: str
    data: dict[str, str]
    text: str


class Broken(ValueError):
    """It is not what the RFCs say."""


class Syslog:
    """``messages``: what was taken, repeated ones too; ``faults``: what was wrong, after which it hung up;
    ``torn``: how often it was left within a message. ``cut_at``: reset the connection when so many messages have come,
    and forget those of the same reading.
    """

    def __init__(self, context: ssl.SSLContext | None = None, *, largest: int = 8192) -> None:
        self._context = context
        self._largest = largest
        self.messages: list[Message] = []
        self.faults: list[str] = []
        self.connections = 0
        self.torn = 0
        self.reading = True
        self.cut_at = 0
        self._changed = Condition()
        self._listener: socket.socket | None = None
        self._open: dict[int, socket.socket] = {}  # by the number of the connection
        self._receiving: set[int] = set()
        self._accepting: Thread | None = None
        self._threads: list[Thread] = []
        self.port = 0

    def up(self) -> Self:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)  # so that it is full soon when nobody reads
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._accepting = Thread(target=self._accept, args=(listener,))
        self._accepting.start()
        return self

    def down(self) -> None:
        if self._listener is not None and self._accepting is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._accepting.join()
            self._listener.close()
            self._listener = self._accepting = None
        self.cut()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        self._threads.clear()

    def cut(self) -> None:
        """Reset what is open; it is, when this returns."""
        with self._changed:
            numbers = set(self._open)
            for number in numbers:
                _reset(self._open.pop(number))
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: not self._receiving & numbers, 10)

    def leave(self) -> None:
        """End in order what is open; where something is unread, the system adds a reset."""
        with self._changed:
            numbers = set(self._open)
            for number in numbers:
                opened = self._open.pop(number)
                opened.shutdown(socket.SHUT_RDWR)
                opened.close()
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: not self._receiving & numbers, 10)

    def read(self, reading: bool) -> None:
        with self._changed:
            self.reading = reading
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count or bool(self.faults), 10)
        assert not self.faults

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(self, *_: object) -> None:
        self.down()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                opened = listener.accept()[0]
                with self._changed:
                    self.connections += 1
                    self._open[self.connections] = opened
                    self._receiving.add(self.connections)
                    thread = Thread(target=self._receive, args=(opened, self.connections))
                    self._threads.append(thread)
                    thread.start()
                    self._changed.notify_all()

    def _receive(self, opened: socket.socket, number: int) -> None:
        try:
            with self._shaken(opened, number) as stream:
                self._frames(stream, number)
        except OSError:
            pass  # the client has gone, or does not trust the certificate
        except Broken as broken:
            with self._changed:
                self.faults.append(str(broken))
        finally:
            with self._changed:
                self._open.pop(number, None)
                self._receiving.discard(number)
                self._changed.notify_all()

    def _shaken(self, opened: socket.socket, number: int) -> socket.socket:
        if self._context is None:
            return opened
        opened.settimeout(10)
        wrapped = self._context.wrap_socket(opened, server_side=True)
        with self._changed:
            self._open[number] = wrapped
        return wrapped

    def _frames(self, stream: socket.socket, number: int) -> None:
        buffer = b""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.reading or number not in self._open)
            received = stream.recv(4096)
            if not received:
                self.torn += bool(buffer)
                return
            buffer += received
            messages, buffer = self._split(buffer)
            with self._changed:
                if self.cut_at and len(self.messages) + len(messages) >= self.cut_at:
                    self.cut_at = 0
                    _reset(stream)
                    self._changed.notify_all()
                    return
                self.messages += messages
                self._changed.notify_all()

    def _split(self, buffer: bytes) -> tuple[list[Message], bytes]:
        messages = []
        while buffer:
            length = _LENGTH.match(buffer)
            if length is None:
                if len(buffer) > 10 or not buffer.isdigit():
                    raise Broken("no length")
                break
            size = int(length[1])
            if size > self._largest:
                raise Broken("too large")
            if len(buffer) < length.end() + size:
                break
            messages.append(parse(buffer[length.end() : length.end() + size]))
            buffer = buffer[length.end() + size :]
        return messages, buffer


def parse(message: bytes) -> Message:
    """Strictly. Raises ``Broken``."""
    head = _HEAD.match(message)
    if head is None or int(head[1]) > 191:
        raise Broken("head")
    element = _ELEMENT.match(message, head.end())
    if element is None or message[element.end() : element.end() + 1] != b" ":
        raise Broken("structured data")
    data = {
        name.decode(): re.sub(r"\\([\"\\\]])", r"\1", value.decode()) for name, value in _PARAMETER.findall(element[2])
    }
    text = message[element.end() + 1 :]
    if not text.isascii() and not text.startswith(_BOM):
        raise Broken("beyond ASCII without a mark")
    decoded = text.removeprefix(_BOM).decode()
    if re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", decoded + "".join(data.values())):
        raise Broken("a control character")
    facility, severity = divmod(int(head[1]), 8)
    words = [part.decode() for part in head.groups()[1:]]
    return Message(facility, severity, words[0], words[1], words[2], words[4], element[1].decode(), data, decoded)


def _reset(opened: socket.socket) -> None:
    """End it so that the other side gets RST, and what is unread is lost."""
    with suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        opened.shutdown(socket.SHUT_RD)
        opened.close()
