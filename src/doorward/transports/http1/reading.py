"""Bytes to requests, without I/O: one request at a time, and never a byte of the next one.

A head is read by `heads`, a body with a length needs no parser, a chunked one is parsed by httptools
(llhttp).
"""

import httptools

from .chunks import Pieces
from .heads import RequestHead, RequestHeads
from .limits import ServerLimits
from .refusals import (
    BAD_CHUNK,
    BAD_HEADER,
    BAD_REQUEST_LINE,
    BODY_TOO_LARGE,
    HEAD_TOO_LARGE,
    TARGET_TOO_LONG,
    refusal,
)
from .request import HttpRequest
from .wire import CHUNKED, STRAY

HEAD, LENGTH, CHUNKS, READY = range(4)
_LINE_SLACK = 64  # method and version around the target
_CHUNKED_HEAD = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"


class RequestReader:
    """Reads the requests of one connection. `phase` says where it stands; READY means that `request()` has one.

    `head` is the one read last, `scanned` how much of an incomplete one was looked at.
    """

    __slots__ = (
        "_asked",
        "_body",
        "_chunks",
        "_heads",
        "_limits",
        "_missing",
        "_parser",
        "_pieces",
        "_plain",
        "_wire",
        "head",
        "phase",
        "scanned",
    )

    head: RequestHead

    def __init__(self, limits: ServerLimits, heads: RequestHeads) -> None:
        self._limits = limits
        self._plain = min(limits.target_bytes + _LINE_SLACK, limits.head_bytes) - 4  # no bound can be passed below
        self._heads = heads
        self._asked = False
        self.scanned = 0
        self._body: bytes | bytearray = b""
        self._missing = 0
        self._parser: httptools.HttpRequestParser | None = None  # of a chunked body; it refers back to us
        self.phase = HEAD

    @property
    def begun(self) -> bool:
        """True inside a request."""
        return self.scanned > 0 or self.phase != HEAD

    def feed(self, data: bytes) -> bytes:
        """Reads on and returns what is left over: an incomplete head (feed it again, longer), or the bytes behind a
        complete request. Raises `Refusal`; the reader is of no use afterwards."""
        phase = self.phase
        if phase == HEAD:
            end = data.find(b"\r\n\r\n")
            if self.scanned or not 0 < end <= self._plain:
                end = self._head_end(data)
                if end < 0:
                    return data
            return self._open(data, end)
        if phase == LENGTH:
            return self._take_length(data)
        if phase == CHUNKS:
            return self._take_chunks(data)
        return data

    def expects_continue(self) -> bool:
        """True once, for a request whose client waits for `100 Continue` and has sent nothing of the body yet."""
        waits = (
            not self._asked
            and self.head.framing.expects
            and not self._body
            and (self.phase == LENGTH or not self._wire)
        )
        self._asked = True
        return waits

    def request(self, client: str, tls: bool) -> HttpRequest:
        """The complete request; the reader is then ready for the next one."""
        head = self.head
        line = head.line
        body = self._body
        if type(body) is not bytes:
            body = bytes(body)
        self._body = b""
        self.phase = HEAD
        return HttpRequest(line.method, line.path, line.query, line.target, head.headers, body, client, tls, head.notes)

    def _head_end(self, data: bytes) -> int:
        """Where the empty line behind a head begins, or -1 while it is missing; refuses what can only grow worse."""
        # RFC 9112 §2.2: an empty line before the request line is ignored; a second one is not.
        skip = 2 if data.startswith(b"\r\n") else 0
        end = data.find(b"\r\n\r\n", max(self.scanned - 3, skip))
        limits = self._limits
        size = end + 4 if end >= 0 else len(data)
        most = limits.target_bytes + _LINE_SLACK
        if size > most and data.find(b"\r\n", skip, most + 2) < 0:
            raise refusal(TARGET_TOO_LONG)
        if size > limits.head_bytes + skip:
            raise refusal(HEAD_TOO_LARGE)
        if end >= 0:
            self.scanned = 0
            return end
        stray = STRAY.search(data, max(self.scanned - 1, 0))
        if stray is not None:
            raise refusal(BAD_REQUEST_LINE if data.find(b"\r\n", skip, stray.start()) < 0 else BAD_HEADER)
        self.scanned = len(data)
        return -1

    def _open(self, data: bytes, end: int) -> bytes:
        """Reads a complete head, decides how its body is read, and begins with it."""
        head = self.head = self._heads[data[:end]]
        self._asked = False
        length = head.framing.length
        end += 4
        if length == 0:
            self.phase = READY
        elif length == CHUNKED:
            self.phase = CHUNKS
            self._pieces = Pieces()
            self._wire = self._chunks = 0
            # It shall see the coding alone: other fields (Upgrade) change what llhttp makes of the body.
            self._parser = httptools.HttpRequestParser(self)
            self._parser.feed_data(_CHUNKED_HEAD)
            return self._take_chunks(data[end:])
        elif length > self._limits.body_bytes:
            raise refusal(BODY_TOO_LARGE)
        elif len(data) - end >= length:
            self._body = data[end : end + length]
            self.phase = READY
            end += length
        else:
            self.phase = LENGTH
            self._body = bytearray(data[end:])
            self._missing = length - len(self._body)
            return b""
        return data[end:]

    def _take_length(self, data: bytes) -> bytes:
        missing = self._missing
        assert type(self._body) is bytearray
        self._body += data[:missing]
        if len(data) >= missing:
            self.phase = READY
            return data[missing:]
        self._missing = missing - len(data)
        return b""

    def _take_chunks(self, data: bytes) -> bytes:
        assert self._parser is not None
        limits = self._limits
        consumed = 0
        if not self._body:
            self._body = bytearray()
        for piece in self._pieces.cut(data):
            consumed += len(piece)
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserError:
                raise refusal(BAD_CHUNK) from None
            size = len(self._body)
            if size > limits.body_bytes:
                raise refusal(BODY_TOO_LARGE)
            if self._wire + consumed - size > limits.chunk_overhead + 16 * self._chunks:
                raise refusal(BAD_CHUNK)
            if self.phase == READY:
                self._parser = None
                return data[consumed:]
        self._wire += consumed
        return b""

    # Called by the parser. Trailers go no further: it has no `on_header` to call.

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        self.phase = READY
