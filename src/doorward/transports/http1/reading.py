"""Bytes to requests, without I/O: one request at a time, and never a byte of the next one.

A head is first held against the grammar of `wire`, then parsed by httptools (llhttp); a chunked body is parsed by it as
well. A body with a length needs no parser.
"""

import re

import httptools

from .chunks import Pieces
from .limits import ServerLimits
from .refusals import (
    BAD_CHUNK,
    BAD_FRAMING,
    BAD_HEADER,
    BAD_REQUEST_LINE,
    BAD_TARGET,
    BODY_TOO_LARGE,
    HEAD_TOO_LARGE,
    TARGET_TOO_LONG,
    UNKNOWN_METHOD,
    refusal,
)
from .request import HttpRequest
from .wire import CHUNKED, REQUEST_HEAD, STRAY, UPGRADE_LINE, Header, Headers, RequestFraming, bad_head, request_framing

HEAD, LENGTH, CHUNKS, READY = range(4)
_LINE_SLACK = 64  # method and version around the target


class RequestReader:
    """Reads the requests of one connection. `phase` says where it stands; READY means that `request()` has one."""

    __slots__ = (
        "_body",
        "_chunks",
        "_fields",
        "_framing",
        "_headers",
        "_limits",
        "_match",
        "_missing",
        "_parser",
        "_pieces",
        "_scanned",
        "_wire",
        "phase",
    )

    _framing: RequestFraming
    _headers: Headers
    _match: re.Match[bytes]
    _parser: httptools.HttpRequestParser | None

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._scanned = 0  # bytes of an incomplete head that were looked at already
        self._body: bytes | bytearray = b""
        self._missing = 0
        self._fields: list[Header] = []
        self._parser = None
        self.phase = HEAD

    @property
    def begun(self) -> bool:
        """True inside a request."""
        return self._scanned > 0 or self.phase != HEAD

    @property
    def method(self) -> bytes:
        return self._match[1]

    @property
    def minor(self) -> bytes:
        return self._match[5]

    @property
    def close(self) -> bool:
        """Whether the client wants the connection closed behind the answer."""
        return self._framing.close

    def feed(self, data: bytes) -> bytes:
        """Reads on and returns what is left over: an incomplete head (feed it again, longer), or the bytes behind a
        complete request. Raises `Refusal`; the reader is of no use afterwards."""
        if self.phase == HEAD:
            end = self._head_end(data)
            if end < 0:
                return data
            self._open(data[:end])
            data = data[end:]
        if self.phase == LENGTH:
            return self._take_length(data)
        if self.phase == CHUNKS:
            return self._take_chunks(data)
        return data

    def expects_continue(self) -> bool:
        """True once, for a request whose client waits for `100 Continue` and has sent nothing of the body yet."""
        framing = self._framing
        waits = framing.expects and not self._body and (self.phase == LENGTH or not self._wire)
        framing.expects = False
        return waits

    def request(self, client: str, tls: bool) -> HttpRequest:
        """The complete request; the reader is then ready for the next one."""
        match = self._match
        method, _, path, query, _ = match.groups()
        body = self._body if type(self._body) is bytes else bytes(self._body)
        request = HttpRequest(
            method.decode("ascii"),
            path.decode("ascii"),
            "" if query is None else query.decode("ascii"),
            match.string[match.end(1) + 1 : match.start(5) - len(b" HTTP/1.")].decode("ascii"),
            self._headers,
            body,
            client,
            tls,
        )
        self._parser = None
        self._body = b""
        self._fields = []
        self.phase = HEAD
        return request

    def _head_end(self, data: bytes) -> int:
        """Length of the complete head in `data`, or -1 while it is incomplete; refuses what can only grow worse."""
        # RFC 9112 §2.2: an empty line before the request line is ignored; a second one is not.
        skip = 2 if data.startswith(b"\r\n") else 0
        end = data.find(b"\r\n\r\n", max(self._scanned - 3, skip))
        limits = self._limits
        size = end + 4 if end >= 0 else len(data)
        most = limits.target_bytes + _LINE_SLACK
        if size > most and data.find(b"\r\n", skip, most + 2) < 0:
            raise refusal(TARGET_TOO_LONG)
        if size > limits.head_bytes + skip:
            raise refusal(HEAD_TOO_LARGE)
        if end >= 0:
            return size
        stray = STRAY.search(data, max(self._scanned - 1, 0))
        if stray is not None:
            raise refusal(BAD_REQUEST_LINE if data.find(b"\r\n", skip, stray.start()) < 0 else BAD_HEADER)
        self._scanned = len(data)
        return -1

    def _open(self, head: bytes) -> None:
        """Parses a complete head and decides how its body is read."""
        self._scanned = 0
        if head.startswith(b"\r\n"):
            head = head[2:]
        limits = self._limits
        if head.count(b"\r\n") - 2 > limits.head_count:
            raise refusal(HEAD_TOO_LARGE)
        match = REQUEST_HEAD.fullmatch(head)
        if match is None:
            raise bad_head(head)
        if len(match[3]) + len(match[4] or b"") > limits.target_bytes:
            raise refusal(TARGET_TOO_LONG)
        if match[1] == b"CONNECT":
            raise refusal(UNKNOWN_METHOD)
        self._match = match
        self._parse(head)
        framing = self._framing = request_framing(self._fields, match[5])
        if match[2] is not None and match[2].lower() != framing.host.lower():
            raise refusal(BAD_TARGET)  # RFC 9112 §3.2.2
        self._headers = tuple(self._fields)
        self._body = b""
        if framing.length == 0:
            self.phase = READY
        elif framing.length == CHUNKED:
            self.phase, self._pieces = CHUNKS, Pieces()
            self._wire = self._chunks = 0
        elif framing.length > limits.body_bytes:
            raise refusal(BODY_TOO_LARGE)
        else:
            self.phase, self._missing = LENGTH, framing.length

    def _parse(self, head: bytes) -> None:
        # Upgrade is hop-by-hop and ignored here (RFC 9110 §7.8); llhttp would stop reading the body at it.
        if b"pgrade" in head or b"PGRADE" in head:
            head = UPGRADE_LINE.sub(b"", head)
        self._fields = []
        self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserInvalidMethodError:
            raise refusal(UNKNOWN_METHOD) from None
        except httptools.HttpParserUpgrade:
            raise refusal(BAD_HEADER) from None
        except httptools.HttpParserError:
            raise refusal(BAD_FRAMING) from None

    def _take_length(self, data: bytes) -> bytes:
        missing = self._missing
        if not self._body and len(data) >= missing:
            self._body = data[:missing]
        else:
            if not self._body:
                self._body = bytearray()
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
                return data[consumed:]
        self._wire += consumed
        return b""

    # Called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come here as well, and go no further: the headers are a copy taken before.
        self._fields.append((name.lower(), value.rstrip(b" \t")))

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        if self.phase == CHUNKS:
            self.phase = READY
