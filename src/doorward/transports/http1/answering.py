"""Bytes to one upstream answer, without I/O: interim answers skipped, framing decided, body handed on in pieces."""

from typing import Any

import httptools
import msgspec

from .chunks import Pieces
from .errors import ResponseTooLarge, UpstreamGarbage
from .heads import AnswerHead, AnswerHeads
from .limits import ClientLimits
from .wire import CHUNKED, STRAY, UNTIL_EOF, Headers

_BODYLESS = frozenset((204, 304))
_CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
_PARTS = 64
_PREFIX = b"HTTP/1."
_SHORT = 64 * 1024


class ResponseReader(msgspec.Struct, eq=False):
    """Reads one answer. `headers` is None until the final head is there; `complete` once the body has ended;
    `reusable` says whether the connection may carry another request."""

    _limits: ClientLimits
    _head_only: bool
    _heads: AnswerHeads
    _buffer: bytes = b""
    _scanned: int = 0
    _interim: int = 0
    _wire: int = 0
    _chunks: int = 0
    _pieces: Pieces | None = None
    _parser: httptools.HttpResponseParser | None = None  # of a chunked body; it refers back to us
    status: int = 0
    headers: Headers | None = None
    coding: bytes = b""  # the value of Content-Encoding
    keep_alive: bytes | None = None  # the value of Keep-Alive
    length: int = 0  # the declared one of the body; negative if none was declared
    parts: list[bytes | bytearray] = []  # of the body, not yet taken
    size: int = 0  # of the body so far
    complete: bool = False
    notes: dict[str, Any] = {}  # the caller's, kept with the head
    reusable: bool = True

    def feed(self, data: bytes) -> None:
        """Raises UpstreamGarbage or ResponseTooLarge; the connection is then of no further use."""
        while self.headers is None:
            if self._buffer:
                data = self._buffer + data
            end = data.find(b"\r\n\r\n")
            if self._scanned or not 0 < end < self._limits.head_bytes - 4:
                end = self._head_end(data)
                if end < 0:
                    self._buffer = data
                    return
                self._buffer = b""
            self._open(self._heads[data[:end]])
            data = data[end + 4 :]
        if self.complete:
            if data:
                self.reusable = False
        elif len(data) == self.length and not self.size:
            self.parts.append(data)
            self.size = self.length
            self.complete = True
        elif data:
            self._take(data)

    @property
    def short(self) -> bool:
        """Whether the body is known to be small, so that waiting for all of it is as good as waiting for its head."""
        return 0 <= self.length <= _SHORT

    def eof(self) -> bool:
        """The upstream has closed. True if that completes the answer (RFC 9112 §6.3, case 8)."""
        self.reusable = False
        if self.headers is not None and self.length == UNTIL_EOF:
            self.complete = True
        return self.complete

    def abandon(self) -> None:
        """Nothing more comes."""
        self._parser = None

    def _head_end(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n", max(self._scanned - 3, 0))
        if (end + 4 if end >= 0 else len(data)) > self._limits.head_bytes:
            raise ResponseTooLarge("the upstream's headers are too large")
        if end >= 0:
            self._scanned = 0
            return end
        if data[: len(_PREFIX)] != _PREFIX[: len(data)] or STRAY.search(data, max(self._scanned - 1, 0)):
            raise UpstreamGarbage("the upstream's answer is not valid HTTP/1.1")
        self._scanned = len(data)
        return -1

    def _open(self, head: AnswerHead) -> None:
        status, length = head.status, head.length
        if status < 200:
            self._skip_interim(head)
            return
        self.status = status
        self.headers = head.headers
        self.coding = head.coding
        self.keep_alive = head.keep_alive
        self.notes = head.notes
        self.reusable = self.reusable and not head.close
        if self._head_only or status in _BODYLESS:
            # A length on 204 is an error (RFC 9110 §8.6); what follows HEAD cannot be told from a body by all.
            self.reusable = self.reusable and not self._head_only and (status == 304 or length in (0, UNTIL_EOF))
            length = 0
        self.length = length
        if length == 0:
            self.complete = True
        elif length == UNTIL_EOF:
            self.reusable = False
        elif length == CHUNKED:
            self._pieces = Pieces()
            # It shall see the coding alone: other fields (Upgrade) change what llhttp makes of the body.
            self._parser = httptools.HttpResponseParser(self)
            self._parser.feed_data(_CHUNKED_HEAD)

    def _skip_interim(self, head: AnswerHead) -> None:
        self._interim += 1
        self.reusable = self.reusable and not head.close
        if head.status == 101 or head.coding or head.length not in (0, UNTIL_EOF):
            raise UpstreamGarbage("the upstream sent an interim answer that nobody asked for")
        if self._interim > self._limits.interim:
            raise UpstreamGarbage("the upstream sent too many interim answers")

    def _take(self, data: bytes) -> None:
        if self.length == CHUNKED:
            self._take_chunks(data)
            return
        if self.length != UNTIL_EOF:
            missing = self.length - self.size
            if len(data) >= missing:
                self.complete = True
                if len(data) > missing:
                    self.reusable = False
                    data = data[:missing]
        self.on_body(data)

    def _take_chunks(self, data: bytes) -> None:
        assert self._parser is not None
        assert self._pieces is not None
        consumed = 0
        for piece in self._pieces.cut(data):
            consumed += len(piece)
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserError:
                raise UpstreamGarbage("the upstream's chunked body is invalid") from None
            if self.complete:
                self._parser = None
                break
        self._wire += consumed
        if self._wire - self.size > self._limits.chunk_overhead + 16 * self._chunks:
            raise UpstreamGarbage("the upstream's chunk extensions or trailers are too large")
        if consumed < len(data):
            self.reusable = False

    # Called by the parser. Trailers go no further: it has no `on_header` to call.

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, data: bytes) -> None:
        parts = self.parts
        if len(parts) < _PARTS:
            parts.append(data)
        else:
            # Millions of tiny pieces would take a multiple of their size as objects of their own.
            last = parts[-1]
            if isinstance(last, bytearray):
                last += data
            else:
                parts.append(bytearray(data))
        self.size += len(data)

    def on_message_complete(self) -> None:
        self.complete = True
