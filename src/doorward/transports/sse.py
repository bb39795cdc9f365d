"""Server-sent events, as bytes in and events out (WHATWG HTML, "Server-sent events"; MCP basic/transports).

Nothing is decoded and nothing is normalised: an event keeps its exact bytes, so that it can go on untouched, with its
``id``, its ``retry`` and its comments. Only the joined ``data`` is lifted out, for that is the message.
"""

import re

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Event

# An event ends at an empty line; a line ends with CRLF, LF or CR. A lone CR at the very end of what has arrived may
# still become a CRLF, so the search never accepts it (see `_END`, which wants one more byte).
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n]))")
_LINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class SseReader:
    """Cuts a byte stream into events. ``limit`` bounds one event in bytes; a longer one raises ``UpstreamFault``."""

    __slots__ = ("_buffer", "_limit", "_scanned", "_started")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = b""
        self._scanned = 0
        self._started = False

    def feed(self, data: bytes) -> list[Event]:
        """All events that ``data`` completes, in order."""
        buffer = self._buffer + data if self._buffer else data
        if not self._started and buffer:
            if _BOM.startswith(buffer[:3]) and len(buffer) < 3:
                self._buffer = buffer
                return []
            self._started = True
        events: list[Event] = []
        start = 0
        search = max(0, self._scanned - 4)
        while True:
            leading = _blank(buffer, start)
            match = _END.search(buffer, max(search, start)) if leading is None else None
            if leading is None and match is None:
                break
            end = leading if leading is not None else match.end()  # type: ignore[union-attr]
            if end - start > self._limit:
                raise UpstreamFault("one event is larger than response_bytes", code="upstream.too_large")
            events.append(parse(buffer[start:end]))
            start = end
        self._buffer = buffer[start:]
        self._scanned = len(self._buffer)
        if len(self._buffer) > self._limit:
            raise UpstreamFault("one event is larger than response_bytes", code="upstream.too_large")
        return events

    def end(self) -> list[Event]:
        """The stream has ended: a CR that waited for its LF was an empty line after all."""
        last, self._buffer = self._buffer, b""
        if last == b"\r" or (last.endswith(b"\r") and last[-2:-1] in (b"\r", b"\n")):
            return [parse(last)]
        return []

    @property
    def pending(self) -> bytes:
        """What has arrived of an event that is not finished; at the end of a stream it is dropped, as browsers do."""
        return self._buffer


def _blank(buffer: bytes, start: int) -> int | None:
    """The end of an empty line at ``start``, if there is one for certain."""
    head = buffer[start : start + 2]
    if head[:1] == b"\n":
        return start + 1
    if head == b"\r\n":
        return start + 2
    if head[:1] == b"\r" and len(head) == 2:
        return start + 1
    return None


def parse(raw: bytes) -> Event:
    """One event's fields. ``raw`` ends with its blank line."""
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.count(b"\n") == 2 and b"\r" not in raw:
        return Event(raw, raw[6:-2])  # the common shape, one data line and nothing else
    data: list[bytes] = []
    identifier: bytes | None = None
    name = b""
    body = raw[3:] if raw.startswith(_BOM) else raw
    for line in _LINE.split(body):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"id" and b"\0" not in value:
            identifier = value
        elif field == b"event":
            name = value
    return Event(raw, b"\n".join(data) if data else None, identifier, name)
