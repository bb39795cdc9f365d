"""What was read or written a moment ago and will most likely come again: start lines, field lines, header blocks.

Clients and upstreams repeat themselves, so most lines of a head need no second look. Whatever is in here went through
the grammar of `wire` once, byte for byte the same. A memory is bounded, and its owner empties it at each tick: it holds
what peers sent, credentials among it, and that must not outlive its use.
"""

import msgspec

from .refusals import TARGET_TOO_LONG, UNKNOWN_METHOD
from .wire import FIELD_LINE, REQUEST_LINE, STATUS_LINE, Header, Headers, header_block, request_block, request_line

ENTRIES = 512
LONGEST = 2048  # bytes of one entry
# RFC 9110 §9 and RFC 5789, without CONNECT: this is no tunnel.
_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"))


class Unreadable(ValueError):
    """A line that is not valid HTTP/1.1. It has no text: a message would repeat what a peer sent."""


class RequestLine(msgspec.Struct, frozen=True):
    """A valid request line. `refused` is the row of the refusal if the line is not for us all the same."""

    method: str
    path: str
    query: str
    target: str
    authority: bytes | None  # of the absolute form
    minor: bytes
    refused: tuple[int, str, str] | None


class RequestLines(dict[bytes, RequestLine]):
    """By line. Raises `Unreadable`."""

    def __init__(self, target_bytes: int) -> None:
        self._target_bytes = target_bytes

    def __missing__(self, line: bytes) -> RequestLine:
        match = REQUEST_LINE.fullmatch(line)
        if match is None:
            raise Unreadable
        method, authority, path, query, minor = match.groups()
        refused = None
        if len(path) + len(query or b"") > self._target_bytes:
            refused = TARGET_TOO_LONG
        elif method not in _METHODS:
            refused = UNKNOWN_METHOD
        parsed = RequestLine(
            method.decode("ascii"),
            path.decode("ascii"),
            "" if query is None else query.decode("ascii"),
            line[len(method) + 1 : -len(b" HTTP/1.x")].decode("ascii"),
            authority,
            minor,
            refused,
        )
        if len(self) < ENTRIES and len(line) <= LONGEST:
            self[line] = parsed
        return parsed


class StatusLines(dict[bytes, tuple[int, bytes]]):
    """Status and minor version by status line. Raises `Unreadable`."""

    def __missing__(self, line: bytes) -> tuple[int, bytes]:
        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise Unreadable
        parsed = int(match[2]), match[1]
        if len(self) < ENTRIES and len(line) <= LONGEST:
            self[line] = parsed
        return parsed


class FieldLines(dict[bytes, Header]):
    """Name in lower case, and value without surrounding blanks, by field line. Raises `Unreadable`."""

    def __missing__(self, line: bytes) -> Header:
        match = FIELD_LINE.fullmatch(line)
        if match is None:
            raise Unreadable
        parsed = match[1].lower(), match[2].strip(b" \t")
        if len(self) < ENTRIES and len(line) <= LONGEST:
            self[line] = parsed
        return parsed


class HeaderBlocks(dict[Headers, bytes]):
    """Header lines of answers by headers. Raises ValueError as `wire.header_block` does."""

    def __missing__(self, headers: Headers) -> bytes:
        block = header_block(headers)
        if len(self) < ENTRIES and len(block) <= LONGEST:
            self[headers] = block
        return block


class UpstreamHeads(dict[tuple[str, str, Headers], bytes]):
    """Request line, fixed headers and header lines of requests to an upstream. Raises ValueError as `wire` does."""

    def __init__(self, fixed: bytes) -> None:
        self._fixed = fixed

    def __missing__(self, key: tuple[str, str, Headers]) -> bytes:
        method, target, headers = key
        head = request_line(method, target) + self._fixed + request_block(headers)
        if len(self) < ENTRIES and len(head) <= LONGEST:
            self[key] = head
        return head
