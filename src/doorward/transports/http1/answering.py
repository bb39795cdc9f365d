"""Bytes to one upstream answer, without I/O: interim answers skipped, framing decided, body handed on in pieces."""

import httptools

from .chunks import Pieces
from .errors import ResponseTooLarge, UpstreamGarbage
from .limits import ClientLimits
from .refusals import Refusal
from .wire import CHUNKED, RESPONSE_HEAD, STRAY, UNTIL_EOF, Header, Headers, content_length, has_token

_BODYLESS = frozenset((204, 304))
_PARTS = 64
_PREFIX = b"HTTP/1."
_SHORT = 64 * 1024


class ResponseReader:
    """Reads one answer. `headers` is None until the final head is there; `complete` once the body has ended;
    `reusable` says whether the connection may carry another request."""

    __slots__ = (
        "_buffer",
        "_chunks",
        "_fields",
        "_head_only",
        "_interim",
        "_length",
        "_limits",
        "_parser",
        "_pieces",
        "_scanned",
        "_wire",
        "coding",
        "complete",
        "headers",
        "keep_alive",
        "parts",
        "reusable",
        "size",
        "status",
    )

    _pieces: Pieces

    def __init__(self, limits: ClientLimits, head_only: bool) -> None:
        self._limits = limits
        self._head_only = head_only
        self._buffer = b""
        self._scanned = 0
        self._interim = 0
        self._length = 0
        self._wire = self._chunks = 0
        self._fields: list[Header] = []
        self._parser: httptools.HttpResponseParser | None = None  # of a chunked body; it refers back to us
        self.status = 0
        self.headers: Headers | None = None
        self.coding = b""  # the value of Content-Encoding
        self.keep_alive: bytes | None = None  # the value of Keep-Alive
        self.parts: list[bytes | bytearray] = []  # of the body, not yet taken
        self.size = 0  # of the body so far
        self.complete = False
        self.reusable = True

    def feed(self, data: bytes) -> None:
        """Raises UpstreamGarbage or ResponseTooLarge; the connection is then of no further use."""
        while self.headers is None:
            data = self._buffer + data if self._buffer else data
            end = self._head_end(data)
            if end < 0:
                self._buffer = data
                return
            self._buffer = b""
            self._open(data[:end])
            data = data[end:]
        if self.complete:
            if data:
                self.reusable = False
        elif data:
            self._take(data)

    @property
    def short(self) -> bool:
        """Whether the body is known to be small, so that waiting for all of it is as good as waiting for its head."""
        return 0 <= self._length <= _SHORT

    @property
    def length(self) -> int:
        """The declared length of the body; negative if none was declared."""
        return self._length

    def eof(self) -> bool:
        """The upstream has closed. True if that completes the answer (RFC 9112 §6.3, case 8)."""
        self.reusable = False
        if self.headers is not None and self._length == UNTIL_EOF:
            self.complete = True
        return self.complete

    def _head_end(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n", max(self._scanned - 3, 0))
        if (end + 4 if end >= 0 else len(data)) > self._limits.head_bytes:
            raise ResponseTooLarge("the upstream's headers are too large")
        if end >= 0:
            self._scanned = 0
            return end + 4
        if data[: len(_PREFIX)] != _PREFIX[: len(data)] or STRAY.search(data, max(self._scanned - 1, 0)):
            raise UpstreamGarbage("the upstream's answer is not valid HTTP/1.1")
        self._scanned = len(data)
        return -1

    def _open(self, head: bytes) -> None:
        match = RESPONSE_HEAD.fullmatch(head)
        if match is None:
            raise UpstreamGarbage("the upstream's answer is not valid HTTP/1.1")
        if head.count(b"\r\n") - 2 > self._limits.head_count:
            raise ResponseTooLarge("the upstream sent too many headers")
        status = int(match[2])
        self._fields = []
        parser = httptools.HttpResponseParser(self)
        try:
            parser.feed_data(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise UpstreamGarbage("the upstream's answer has invalid or ambiguous framing") from None
        minor = match[1]
        try:
            length = self._framing(minor)
        except Refusal:
            raise UpstreamGarbage("the upstream's answer has an invalid Content-Length") from None
        if status < 200:
            self._skip_interim(status, length)
            return
        self.status = status
        self.headers = tuple(self._fields)
        if self._head_only or status in _BODYLESS:
            # A length on 204 is an error (RFC 9110 §8.6); what follows HEAD cannot be told from a body by all.
            self.reusable = self.reusable and not self._head_only and (status == 304 or length in (0, UNTIL_EOF))
            length = 0
        self._length = length
        if length == UNTIL_EOF:
            self.reusable = False
        elif length == CHUNKED:
            self._pieces = Pieces()
            self._parser = parser
        elif length == 0:
            self.complete = True

    def _framing(self, minor: bytes) -> int:
        """RFC 9112 §6.3; also notes what decides about reuse."""
        length = coding = None
        if minor == b"0":
            self.reusable = False
        for name, value in self._fields:
            if name == b"content-length":
                if length is not None:
                    raise UpstreamGarbage("the upstream sent two lengths")
                length = content_length(value)
            elif name == b"transfer-encoding":
                if coding is not None or minor == b"0" or value.lower() != b"chunked":
                    raise UpstreamGarbage("the upstream used an unknown transfer coding")
                coding = value
            elif name == b"connection":
                if has_token(value, b"close"):
                    self.reusable = False
            elif name == b"keep-alive":
                self.keep_alive = value
            elif name == b"content-encoding":
                if self.coding:
                    raise UpstreamGarbage("the upstream used two content codings")
                self.coding = value
        if coding is not None:
            if length is not None:
                raise UpstreamGarbage("the upstream sent a length beside a transfer coding")
            return CHUNKED
        return UNTIL_EOF if length is None else length

    def _skip_interim(self, status: int, length: int) -> None:
        self._interim += 1
        if status == 101 or length not in (0, UNTIL_EOF):
            raise UpstreamGarbage("the upstream sent an interim answer that nobody asked for")
        if self._interim > self._limits.interim:
            raise UpstreamGarbage("the upstream sent too many interim answers")

    def _take(self, data: bytes) -> None:
        if self._length == CHUNKED:
            self._take_chunks(data)
            return
        if self._length != UNTIL_EOF:
            missing = self._length - self.size
            if len(data) >= missing:
                self.complete = True
                if len(data) > missing:
                    self.reusable = False
                    data = data[:missing]
        self.on_body(data)

    def _take_chunks(self, data: bytes) -> None:
        assert self._parser is not None
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

    # Called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come here as well and go no further: `headers` is a copy.
        self._fields.append((name.lower(), value.rstrip(b" \t")))

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
        if self.headers is not None:
            self.complete = True
