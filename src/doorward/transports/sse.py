"""Server-sent events, as bytes in and events out (WHATWG HTML, "Server-sent events"; MCP basic/transports).

Nothing is decoded and nothing is normalised: an event keeps its exact bytes, so that it can go on untouched, with its
``id``, its ``retry`` and its comments. Only the joined ``data`` is lifted out, for that is the message.
"""

import re

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Event, is_odd

# An event ends at an empty line; a line ends with CRLF, LF or CR. A CR at the very end of what has arrived may still
# become a CRLF, so the search wants one more byte; but not where the line before ended with a CR alone: there none
# comes, and the server may wait for what the client says to this very event.
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n])|(?<=\r)\r\Z)")
_LINE = re.compile(rb"\r\n|\n|\r")
# An empty line that ends nothing.
_BLANK = re.compile(rb"\r\n|\n|\r(?=[^\n])")
_MOST_LINES = 1 << 18  # of one event: each takes us half a microsecond, and can be six bytes long
_BOM = b"\xef\xbb\xbf"


class SseReader:
    """Cuts a byte stream into events. ``limit`` bounds one event in bytes; a longer one raises ``UpstreamFault``."""

    __slots__ = ("_buffer", "_first", "_limit", "_scanned")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()  # grows in place: a long event may come in very many pieces
        self._scanned = 0
        self._first = True  # no event yet: a byte order mark may come

    def feed(self, data: bytes) -> list[Event]:
        """All events that ``data`` completes, in order."""
        buffer: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            buffer = self._buffer
        if self._first and len(buffer) < 3 and _BOM.startswith(bytes(buffer)):
            self._buffer = bytearray(buffer)
            return []
        events: list[Event] = []
        start = 0
        search = max(0, self._scanned - 4)
        while (match := _BLANK.match(buffer, start) or _END.search(buffer, max(search, start))) is not None:
            events.append(self._event(bytes(buffer[start : match.end()])))
            start = match.end()
        if buffer is self._buffer:
            del self._buffer[:start]
        elif start < len(buffer):
            self._buffer += buffer[start:]
        self._scanned = len(self._buffer)
        if len(self._buffer) > self._limit:
            raise UpstreamFault("one event is larger than response_bytes", code="upstream.too_large")
        return events

    def end(self) -> list[Event]:
        """The stream has ended: a CR that waited for its LF was an empty line after all."""
        last, self._buffer = bytes(self._buffer), bytearray()
        if last == b"\r" or (last.endswith(b"\r") and last[-2:-1] in (b"\r", b"\n")):
            return [self._event(last)]
        return []

    def _event(self, raw: bytes) -> Event:
        if len(raw) > self._limit:
            raise UpstreamFault("one event is larger than response_bytes", code="upstream.too_large")
        if len(raw) > _MOST_LINES and raw.count(b"\n") + raw.count(b"\r") > _MOST_LINES:
            raise UpstreamFault("one event has too many lines", code="upstream.too_large")
        first, self._first = self._first, False
        return parse(raw, first=first)

    @property
    def pending(self) -> bytes:
        """What has arrived of an event that is not finished; at the end of a stream it is dropped, as browsers do."""
        return bytes(self._buffer)


def parse(raw: bytes, *, first: bool = True) -> Event:
    """One event's fields. ``raw`` ends with its blank line. ``first``: of its stream, which may begin with a mark."""
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.count(b"\n") == 2 and b"\r" not in raw:
        return Event(raw, raw[6:-2])  # the common shape, one data line and nothing else
    data: list[bytes] = []
    identifier: bytes | None = None
    name = b""
    odd = False
    body = raw[3:] if first and raw.startswith(_BOM) else raw
    for line in _LINE.split(body):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
            continue
        odd = odd or (line != b"" and is_odd(field, line))
        if field == b"id" and b"\0" not in value:
            identifier = value
        elif field == b"event":
            name = value
    return Event(raw, b"\n".join(data) if data else None, identifier, name, odd)
