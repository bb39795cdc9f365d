"""Where a chunked body ends. httptools does not tell how much of its input a message took, so it is fed in pieces."""

from collections.abc import Iterator

_END = b"\r\n\r\n"


class Pieces:
    """Cuts a byte stream behind every CRLFCRLF, also across segments.

    A chunked body can only end there (RFC 9112 §7.1: the last-chunk line or the last trailer line, then an empty
    line), so bytes behind the end are never fed to the parser of the message before.
    """

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = b""

    def cut(self, data: bytes) -> Iterator[bytes]:
        tail = self._tail
        joined = tail + data
        start = len(tail)
        found = joined.find(_END)
        while found >= 0:
            end = found + len(_END)
            if end > start:
                yield joined[start:end]
                start = end
            found = joined.find(_END, found + 1)
        if start < len(joined):
            yield joined[start:]
        self._tail = joined[-3:]
