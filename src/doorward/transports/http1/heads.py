"""Complete heads of requests and answers: lines apart, fields apart, framing decided. All errors are raised here."""

import re
from typing import Any

import msgspec

from .errors import ResponseTooLarge, UpstreamGarbage
from .limits import ClientLimits, ServerLimits
from .memory import ENTRIES, LONGEST, FieldLines, RequestLine, RequestLines, StatusLines, Unreadable
from .refusals import BAD_FRAMING, BAD_TARGET, HEAD_TOO_LARGE, Refusal, refusal
from .wire import (
    CHUNKED,
    LENGTH_DIGITS,
    UNTIL_EOF,
    Headers,
    RequestFraming,
    bad_head,
    has_token,
    request_framing,
)

_TAB_IN_FRAMING = re.compile(rb"\n(?:content-length|transfer-encoding):[^\r]*\t", re.IGNORECASE)

_ANSWER_FRAMING = frozenset(
    (b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"content-encoding")
)


class RequestHead(msgspec.Struct, frozen=True, eq=False):
    """A head that asks for nothing that is refused. `notes` is the handler's, and is forgotten with the head."""

    line: RequestLine
    headers: Headers
    framing: RequestFraming
    notes: dict[str, Any] = {}


class RequestHeads(dict[bytes, RequestHead]):
    """By head, from the request line to the last field line. Raises `Refusal`."""

    def __init__(self, limits: ServerLimits) -> None:
        self._count = limits.head_count
        self._starts = RequestLines(limits.target_bytes)
        self._fields = FieldLines()

    def __missing__(self, head: bytes) -> RequestHead:
        lines = head.split(b"\r\n")
        if not lines[0] and len(lines) > 1:
            del lines[0]  # RFC 9112 §2.2: an empty line before the request line is ignored
        try:
            line = self._starts[lines.pop(0)]
            headers = tuple(map(self._fields.__getitem__, lines))
        except Unreadable:
            raise self._unreadable(head) from None
        if len(headers) > self._count:
            raise refusal(HEAD_TOO_LARGE)
        if line.refused is not None:
            raise refusal(line.refused)
        if b"\t" in head and _TAB_IN_FRAMING.search(head):
            raise refusal(BAD_FRAMING)  # RFC 9110 §5.6.3 allows it as white space; parsers do not agree
        framing = request_framing(headers, line.minor)
        if line.authority is not None and line.authority.lower() != framing.host.lower():
            raise refusal(BAD_TARGET)  # RFC 9112 §3.2.2
        parsed = RequestHead(line, headers, framing)
        if len(self) < ENTRIES and len(head) <= LONGEST:
            self[head] = parsed
        return parsed

    def forget(self) -> None:
        """Empties what is remembered."""
        self.clear()
        self._starts.clear()
        self._fields.clear()

    def _unreadable(self, head: bytes) -> Refusal:
        head = head.removeprefix(b"\r\n") + b"\r\n\r\n"
        return refusal(HEAD_TOO_LARGE) if head.count(b"\r\n") - 2 > self._count else bad_head(head)


class AnswerHead(msgspec.Struct, frozen=True, eq=False):
    """The head of an answer, final or interim; `length` is that of its body in bytes, CHUNKED or UNTIL_EOF. `notes` is
    the caller's, and is forgotten with the head."""

    status: int
    headers: Headers
    length: int
    close: bool
    keep_alive: bytes | None  # the value of Keep-Alive
    coding: bytes  # the value of Content-Encoding
    notes: dict[str, Any] = {}


class AnswerHeads(dict[bytes, AnswerHead]):
    """By head, from the status line to the last field line. Raises UpstreamGarbage or ResponseTooLarge."""

    def __init__(self, limits: ClientLimits) -> None:
        self._count = limits.head_count
        self._starts = StatusLines()
        self._fields = FieldLines()

    def __missing__(self, head: bytes) -> AnswerHead:
        lines = head.split(b"\r\n")
        try:
            status, minor = self._starts[lines.pop(0)]
            headers = tuple(map(self._fields.__getitem__, lines))
        except Unreadable:
            raise UpstreamGarbage("the upstream's answer is not valid HTTP/1.1") from None
        if len(headers) > self._count:
            raise ResponseTooLarge("the upstream sent too many headers")
        parsed = _answer_head(status, minor, headers)
        if len(self) < ENTRIES and len(head) <= LONGEST:
            self[head] = parsed
        return parsed

    def forget(self) -> None:
        """Empties what is remembered."""
        self.clear()
        self._starts.clear()
        self._fields.clear()


def _answer_head(status: int, minor: bytes, headers: Headers) -> AnswerHead:
    """RFC 9112 §6.3, and what decides about reuse."""
    length = transfer = keep_alive = None
    coding = b""
    close = minor == b"0"
    for name, value in headers:
        if name not in _ANSWER_FRAMING:
            continue
        if name == b"content-length":
            # ASCII digits only (RFC 9110 §8.6).
            if length is not None or not value.isdigit() or len(value) > LENGTH_DIGITS:
                raise UpstreamGarbage("the upstream's answer has an invalid Content-Length, or two")
            length = int(value)
        elif name == b"transfer-encoding":
            if transfer is not None or minor == b"0" or value.lower() != b"chunked":
                raise UpstreamGarbage("the upstream used an unknown transfer coding")
            transfer = value
        elif name == b"connection":
            close = close or has_token(value, b"close")
        elif name == b"keep-alive":
            keep_alive = value
        elif coding:
            raise UpstreamGarbage("the upstream used two content codings")
        else:
            coding = value
    if transfer is None:
        length = UNTIL_EOF if length is None else length
    elif length is not None:
        raise UpstreamGarbage("the upstream sent a length beside a transfer coding")
    else:
        length = CHUNKED
    return AnswerHead(status, headers, length, close, keep_alive, coding)
