"""Newline framing (MCP basic/transports, "stdio"): bytes in, lines out. No I/O.

One message is one line of UTF-8 without a newline inside. A line over the limit is discarded up to its newline as it
arrives, so that nobody fills our memory by leaving the newline out; the next line is read as if nothing had happened.
"""

import msgspec


class Overlong(msgspec.Struct, frozen=True):
    """A line that was discarded because it was longer than the limit; ``nbytes`` is its length without the newline.

    ``head`` is how it began, at most 256 bytes: mostly enough to see whose answer it was.
    """

    nbytes: int
    head: bytes = b""


_HEAD = 256


class LineReader:
    """Cuts a byte stream into lines. ``limit`` bounds one line in bytes, without its newline."""

    __slots__ = ("_head", "_limit", "_parts", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._head = b""

    def feed(self, data: bytes) -> list[bytes | Overlong]:
        """All lines that ``data`` completes, in order, without newlines; lines of white space alone are left out."""
        first, *others = data.split(b"\n")
        self._append(first)
        lines: list[bytes | Overlong] = []
        for piece in others:
            self._complete(lines)
            self._append(piece)
        return lines

    def finish(self) -> list[bytes | Overlong]:
        """What stands behind the last newline when the stream ends: at most one line."""
        lines: list[bytes | Overlong] = []
        self._complete(lines)
        return lines

    def _append(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            if not self._head:
                self._head = b"".join((*self._parts, piece))[:_HEAD]
            self._parts.clear()
        elif piece:
            self._parts.append(piece)

    def _complete(self, lines: list[bytes | Overlong]) -> None:
        size, self._size = self._size, 0
        if size > self._limit:
            lines.append(Overlong(size, self._head))
            self._head = b""
            return
        line = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        if line and not line.isspace():
            lines.append(line)


def one_line(body: bytes) -> bytes:
    """A JSON text as one line. A raw line break cannot stand inside a JSON string (RFC 8259 §7): it is white space."""
    if b"\n" in body or b"\r" in body:
        return body.replace(b"\n", b" ").replace(b"\r", b" ")
    return body
