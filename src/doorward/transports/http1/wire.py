"""The grammar that both sides keep, as pure functions over bytes.

A head is read line by line with the expressions here. They are narrower than llhttp, which reads chunked bodies: no
obsolete line folding, no control or bare line-end bytes, no other version, no `Transfer-Encoding` beside what we
support. What they let through has one reading.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from .refusals import (
    BAD_EXPECTATION,
    BAD_FRAMING,
    BAD_HEADER,
    BAD_HOST,
    BAD_REQUEST_LINE,
    BAD_TARGET,
    BAD_VERSION,
    Refusal,
    refusal,
)

Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]

CHUNKED = -1
UNTIL_EOF = -2
LENGTH_DIGITS = 18  # that a Content-Length may have

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
_FIELDS = rb"(?:" + _TOKEN + rb":" + _VALUE + rb"\r\n)*+"
# RFC 3986 §3.3; the query is laxer because browsers send a few more characters in it unescaped.
_TARGET = rb"(/[A-Za-z0-9\-._~%!$&'()*+,;=:@/]*+)(?:\?([!$-;=?-\[\]-~]*+))?"
_AUTHORITY = rb"(?:[A-Za-z0-9._\-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"

# Groups: method, authority (absolute form only), path, query, minor version. RFC 9112 §3.
REQUEST_LINE = re.compile(rb"([A-Z\-]{1,24}) (?:https?://(" + _AUTHORITY + rb"))?" + _TARGET + rb" HTTP/1\.([01])")
# Groups: minor version, status. RFC 9112 §4.
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: " + _VALUE + rb")?")
# Groups: name, value with the blanks around it. RFC 9112 §5.
FIELD_LINE = re.compile(rb"(" + _TOKEN + rb"):(" + _VALUE + rb")")
# Bytes that no head can contain, looked for while a head is still incomplete.
STRAY = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_BLOCK = re.compile(_FIELDS)
_HOST = re.compile(_AUTHORITY)
_METHOD = re.compile(rb"[A-Z\-]{1,24}")
_REQUEST_TARGET = re.compile(_TARGET)
_OTHER_VERSION = re.compile(rb"[A-Z\-]{1,24} [!-~]{1,8192} HTTP/(?!1\.[01]\r)[0-9](?:\.[0-9])?\r")
_FRAMING_NAMES = frozenset((b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"))
# Written by this library alone; given by a caller they are left out (RFC 9110 §7.6.1: hop-by-hop).
_OURS = frozenset(
    (b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"date", b"upgrade", b"trailer", b"te")
)
_OURS_IN_REQUESTS = _OURS | {b"host", b"accept-encoding", b"expect"}


class RequestFraming(msgspec.Struct, frozen=True, eq=False):
    """What the headers of one request say about its body and its connection."""

    host: bytes
    length: int  # bytes, or CHUNKED
    close: bool
    expects: bool


def request_framing(headers: Sequence[Header], minor: bytes) -> RequestFraming:
    """The framing of a request (RFC 9112 §3.2, §6.3, §9.3); raises `Refusal` on whatever could be read in two ways."""
    host = length = coding = None
    close = minor == b"0"
    expects = False
    for name, value in headers:
        if name not in _FRAMING_NAMES:
            continue
        if name == b"host":
            if host is not None or _HOST.fullmatch(value) is None:
                raise refusal(BAD_HOST)
            host = value
        elif name == b"content-length":
            # ASCII digits only (RFC 9110 §8.6).
            if length is not None or not value.isdigit() or len(value) > LENGTH_DIGITS:
                raise refusal(BAD_FRAMING)
            length = int(value)
        elif name == b"transfer-encoding":
            if coding is not None or minor == b"0" or value.lower() != b"chunked":
                raise refusal(BAD_FRAMING)
            coding = value
        elif name == b"connection":
            close = close or has_token(value, b"close")
        elif value.lower() != b"100-continue":
            raise refusal(BAD_EXPECTATION)
        else:
            expects = minor == b"1"
    if host is None:
        raise refusal(BAD_HOST)
    if coding is None:
        return RequestFraming(host, length or 0, close, expects)
    if length is not None:
        raise refusal(BAD_FRAMING)
    return RequestFraming(host, CHUNKED, close, expects)


def has_token(value: bytes, token: bytes) -> bool:
    """Whether a comma-separated list holds `token`, in any case."""
    value = value.lower()
    return value == token or (b"," in value and any(part.strip() == token for part in value.split(b",")))


def bad_head(head: bytes) -> Refusal:
    """The reason why a head could not be read; only called after it could not."""
    line, _, fields = head.partition(b"\r\n")
    if _OTHER_VERSION.fullmatch(line + b"\r"):
        return refusal(BAD_VERSION)
    parts = line.split(b" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        return refusal(BAD_REQUEST_LINE)
    if _BLOCK.fullmatch(fields[:-2]) is None:
        return refusal(BAD_HEADER)
    return refusal(BAD_TARGET)


def header_block(headers: Iterable[Header]) -> bytes:
    """Header lines of an answer. Raises ValueError where a name or value could break out of its line."""
    return _block([b"%b: %b\r\n" % field for field in headers if field[0].lower() not in _OURS])


def request_block(headers: Iterable[Header]) -> bytes:
    """Header lines of a request to an upstream, without those that the client side sets itself."""
    return _block([b"%b: %b\r\n" % field for field in headers if field[0].lower() not in _OURS_IN_REQUESTS])


def request_line(method: str, target: str) -> bytes:
    """Raises ValueError (UnicodeEncodeError is one) for anything but a method and a path with an optional query."""
    raw_method, raw_target = method.encode("ascii"), target.encode("ascii")
    if _METHOD.fullmatch(raw_method) is None or _REQUEST_TARGET.fullmatch(raw_target) is None:
        raise ValueError("not a valid method or request target")
    return b"%b %b HTTP/1.1\r\n" % (raw_method, raw_target)


def _block(lines: list[bytes]) -> bytes:
    block = b"".join(lines)
    # Each line holds one CRLF of ours; one more was smuggled in by a name or a value.
    if block.count(b"\r\n") != len(lines) or _BLOCK.fullmatch(block) is None:
        raise ValueError("a header name or value holds a byte that no header may hold")
    return block
